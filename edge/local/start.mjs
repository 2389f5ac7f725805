// What `pnpm start` runs. Plain JavaScript that any Node can read: it checks the version, then loads the rest.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`Star-Graph needs Node 22.12 or newer here; this is ${process.version}. (On Linux the project brings its own.)`);
  process.exit(1);
}
const { register } = await import("tsx/esm/api");
register();
await import("./main.ts");
