#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one is told what is wrong instead of failing on syntax.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`stargraph-agent needs Node 22.12 or newer; this is Node ${process.versions.node}. See https://nodejs.org`);
  process.exit(1);
}

const { register } = await import("tsx/esm/api");
register();
const { main } = await import("../src/cli.ts");
process.exitCode = await main(process.argv.slice(2));
