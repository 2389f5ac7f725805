// What `pnpm bench:realtime` runs: it loads the rest, which is TypeScript.
const { register } = await import("tsx/esm/api");
register();
await import("./main.ts");
