#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one is told what is wrong instead of failing on syntax.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`stargraph-agent needs Node 22.12 or newer; this is Node ${process.versions.node}. See https://nodejs.org`);
  process.exit(1);
}

// A checkout runs from its sources, whatever an earlier build left beside them; the package has the bundle alone.
const isCheckout = existsSync(new URL("../src/cli.ts", import.meta.url));
async function load() {
  if (!isCheckout) return import("../dist/cli.js");
  const { register } = await import("tsx/esm/api");
  register();
  return import("../src/cli.ts");
}
void load()
  .then(({ main }) => main(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code;
  });
