import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PNG_BASE64 } from "../spec/pictures.ts";
import { emptyFolder, PROJECT, type RunningSystem, startSystem } from "./local-start.ts";

const PAGE = fs.readFileSync(path.join(PROJECT, "docs/api.md"), "utf8");
const BLOCKS = [...PAGE.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

let system: RunningSystem;
const folder = emptyFolder();

beforeAll(async () => {
  system = await startSystem(emptyFolder());
});
afterAll(async () => {
  await system?.stop();
  for (const left of [folder, system.stateFolder]) fs.rmSync(left, { recursive: true, force: true });
});

test("docs/api.md names every route that a running system describes, and no other", async () => {
  const { paths }: { paths: Record<string, object> } = await (await fetch(`${system.baseUrl}/openapi.json`)).json();
  const served = Object.entries(paths).flatMap(([route, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${route}`),
  );
  const named = [...PAGE.matchAll(/^\| `([A-Z]+ \/[^`]*)`/gm)].map((match) => match[1] ?? "");
  // The agents' own addresses are not for clients.
  expect(named.toSorted()).toEqual(served.filter((route) => !route.includes(" /agent/v1/")).toSorted());
});

test("every example of docs/api.md works as it is written, one after the other", async () => {
  fs.writeFileSync(path.join(folder, "input.png"), Buffer.from(PNG_BASE64, "base64"));
  const here = BLOCKS.join("\n").replaceAll("http://127.0.0.1:8787", system.baseUrl).replaceAll(".stargraph/", `${system.stateFolder}/`);
  // An answer that is an error ends the script, with the line that asked for it.
  const script = `set -euo pipefail\ntrap 'echo "failed: $BASH_COMMAND" >&2' ERR\ncurl() { command curl --fail-with-body "$@"; }\n${here}`;
  const { stdout, exitCode, stderr } = await execa("bash", ["-Ec", script], {
    cwd: folder,
    env: { PICTURE: "input.png" },
    reject: false,
    timeout: 110_000,
  });
  expect({ exitCode, stderr, last: stdout.slice(-600) }).toMatchObject({ exitCode: 0 });
  expect(fs.statSync(path.join(folder, "first-100-bytes")).size).toBe(100);
  expect(BLOCKS.length).toBeGreaterThan(12);
});
