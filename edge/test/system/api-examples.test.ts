import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PNG_BASE64 } from "../spec/pictures.ts";
import { emptyFolder, PROJECT, type RunningSystem, startSystem } from "./local-start.ts";

const PAGE = fs.readFileSync(path.join(PROJECT, "docs/api.md"), "utf8");
const BLOCKS = [...PAGE.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

/** Its examples are programs: curl speaks no WebSocket. */
const WITHOUT_CURL = ["GET /ws"];
/** An answer that is an error is curl's error too, and every call is written down. */
const CURL = `curl() { printf '%s\\x1f' "$@" >> calls; printf '\\x1e' >> calls; command curl --fail-with-body "$@"; }`;
/** What stands between the arguments of a call, and between calls. */
const [NEXT_ARGUMENT, NEXT_CALL] = ["\u001f", "\u001e"];

let system: RunningSystem;
/** Method and path of every route that is for clients, as the running system describes them. */
let served: string[];
const folder = emptyFolder();

beforeAll(async () => {
  system = await startSystem(emptyFolder());
  const { paths }: { paths: Record<string, object> } = await (await fetch(`${system.baseUrl}/openapi.json`)).json();
  const routes = Object.entries(paths).flatMap(([route, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${route}`),
  );
  // The agents' own addresses are not.
  served = routes.filter((route) => !route.includes(" /agent/v1/"));
});
afterAll(async () => {
  await system?.stop();
  for (const left of [folder, system.stateFolder]) fs.rmSync(left, { recursive: true, force: true });
});

test("docs/api.md names every route that a running system describes, and no other", () => {
  const named = [...PAGE.matchAll(/^\| `([A-Z]+ \/[^`]*)`/gm)].map((match) => match[1] ?? "");
  expect(named.toSorted()).toEqual(served.toSorted());
});

test("every example of docs/api.md works as it is written, one after the other, and every route has one", async () => {
  fs.writeFileSync(path.join(folder, "input.png"), Buffer.from(PNG_BASE64, "base64"));
  const here = BLOCKS.join("\n").replaceAll("http://127.0.0.1:8787", system.baseUrl).replaceAll(".stargraph/", `${system.stateFolder}/`);
  // An answer that is an error ends the script, with the line that asked for it.
  const script = `set -euo pipefail\ntrap 'echo "failed: $BASH_COMMAND" >&2' ERR\n${CURL}\n${here}`;
  const { stdout, exitCode, stderr } = await execa("bash", ["-Ec", script], {
    cwd: folder,
    env: { PICTURE: "input.png" },
    reject: false,
    timeout: 110_000,
  });
  expect({ exitCode, stderr, last: stdout.slice(-600) }).toMatchObject({ exitCode: 0 });
  expect(fs.statSync(path.join(folder, "first-100-bytes")).size).toBe(100);
  const called = fs
    .readFileSync(path.join(folder, "calls"), "utf8")
    .split(NEXT_CALL)
    .map((call) => toRequest(call.split(NEXT_ARGUMENT)));
  expect(served.filter((route) => !called.some((request) => matches(route, request)))).toEqual(WITHOUT_CURL);
});

/** What curl makes of its arguments, as method and path. */
function toRequest(args: string[]): string {
  const given = args[args.indexOf("-X") + 1] ?? "";
  const method = args.includes("-X") ? given : args.some((one) => /^(-d|-F|--data-binary)$/.test(one)) ? "POST" : "GET";
  const url = args.find((one) => one.startsWith(system.baseUrl)) ?? system.baseUrl;
  return `${method} ${new URL(url).pathname}`;
}

/** A path that is a route of its own is no example of `{name}` in its place. */
function matches(route: string, request: string): boolean {
  if (served.includes(request)) return route === request;
  const pattern = route
    .split(/\{\w+\}/)
    .map((part) => part.replaceAll(/[.$]/g, "\\$&"))
    .join("[^/]+");
  return new RegExp(`^${pattern}$`).test(request);
}
