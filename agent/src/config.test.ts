import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readCommandLine } from "./config.ts";
import { HELP } from "./help.ts";

const KEY = "sgk_0123456789";
const NEEDED = ["--edge", "https://edge.example", "--key", KEY];

test("fills in what was not said", () => {
  expect(readCommandLine(NEEDED, {})).toEqual({
    kind: "run",
    config: {
      edge: new URL("https://edge.example"),
      key: KEY,
      name: hostname().slice(0, 100),
      stateFolder: join(homedir(), ".stargraph-agent"),
      engines: [{ engine: "built-in", slots: 1, mappedModels: [] }],
      log: "text",
    },
  });
});

test("reads flags", () => {
  const flags = ["--name", "box", "--slots", "4", "--state", "s", "--map-model", "a, b", "--map-model", "c,a,", "--log", "json"];
  expect(readCommandLine([...NEEDED, ...flags], {})).toMatchObject({
    config: {
      name: "box",
      stateFolder: resolve("s"),
      engines: [{ slots: 4, mappedModels: ["a", "b", "c", "a"].map((name) => ({ name, types: null })) }],
      log: "json",
    },
  });
});

test("a mapped name may say for which types it is offered", () => {
  expect(readCommandLine([...NEEDED, "--map-model", "sd:TEXT2IMG+POSE,flux:dev"], {})).toMatchObject({
    config: {
      engines: [
        {
          mappedModels: [
            { name: "sd", types: ["TEXT2IMG", "POSE"] },
            { name: "flux:dev", types: null },
          ],
        },
      ],
    },
  });
});

test("reads the environment; a flag wins, an empty variable is absent", () => {
  const env = { STARGRAPH_EDGE: "http://a", STARGRAPH_KEY: KEY, STARGRAPH_AGENT_STATE: "/state" };
  expect(readCommandLine([], env)).toMatchObject({ config: { edge: new URL("http://a"), key: KEY, stateFolder: "/state" } });
  expect(readCommandLine(["--edge", "http://b"], env)).toMatchObject({ config: { edge: new URL("http://b") } });
  expect(readCommandLine([], { ...env, STARGRAPH_AGENT_STATE: "" })).toMatchObject({
    config: { stateFolder: join(homedir(), ".stargraph-agent") },
  });
});

test.each([
  [[], "no --edge given: it needs the address of the edge, as in --edge https://api.example.com (or env STARGRAPH_EDGE)"],
  [["--edge", "http://a"], "no --key given: it needs an agent key, as in --key sgk_... (or env STARGRAPH_KEY)"],
  [["--edge", "edge.example", "--key", KEY], "--edge (or STARGRAPH_EDGE) must be a URL that starts with https:// or http://"],
  [["--edge", "ftp://a", "--key", KEY], "--edge (or STARGRAPH_EDGE) must be a URL that starts with https:// or http://"],
  [["--edge", "http://a", "--key", "secret"], "--key (or STARGRAPH_KEY) must be an agent key: sgk_ and at least 8 letters or digits"],
  [[...NEEDED, "--slots", "65"], "--slots must be a whole number from 1 to 64"],
  [[...NEEDED, "--slots", "two"], "--slots must be a whole number from 1 to 64"],
  [[...NEEDED, "--engine", "magic"], "--engine must be one of: built-in"],
  [[...NEEDED, "--log", "xml"], "--log must be one of: text, json"],
  [[...NEEDED, "--map-model", "x".repeat(129)], "--map-model must have at most 128 characters a name"],
  [[...NEEDED, "--map-model", "sd:TEXT2IMG+PAINT"], "--map-model must list types of task behind a colon, as in sd:TEXT2IMG+IMG2IMG"],
  [[...NEEDED, "--state"], "Option '--state <value>' argument missing"],
  [[...NEEDED, "--what"], "Unknown option '--what'"],
  [[...NEEDED, "run"], "Unexpected argument 'run'"],
])("%j is refused by name", (argv, message) => {
  expect(() => readCommandLine(argv, {})).toThrow(expect.objectContaining({ name: "UsageError", message }));
});

test("asks for help or the version come before what is missing", () => {
  expect(readCommandLine(["-h"], {})).toEqual({ kind: "help" });
  expect(readCommandLine(["--version"], {})).toEqual({ kind: "version" });
});

test("the help fits a terminal and is the one we know", async () => {
  expect(Math.max(...HELP.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  await expect(HELP).toMatchFileSnapshot("../test/help.snapshot.txt");
});
