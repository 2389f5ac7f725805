import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { init, type InitDeps } from "../src/commands/init.ts";
import { parseCommandLine } from "../src/config/command-line.ts";
import { readConfig, SURROUNDINGS } from "../src/config/read-config.ts";
import { KEY } from "./fake-edge.ts";
import { temporaryFolder } from "./run-in-process.ts";

interface Setting {
  flags?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Engines that are found here. */
  there?: Awaited<ReturnType<InitDeps["findEngines"]>>;
  isTTY?: boolean;
}

/** Keys are bytes, and what is shown is text: that is all that a terminal is to the questions. */
async function asked({ flags = [], env = {}, there = [], isTTY = true }: Setting = {}) {
  const home = await temporaryFolder();
  const path = join(home, ".stargraph-agent", "config.yaml");
  const input = Object.assign(new PassThrough(), { isTTY });
  // Each question ends what it has written to, but for the real terminal.
  const output = Object.assign(new PassThrough(), { end: () => output });
  let everything = "";
  let shown = "";
  let onShown = () => {};
  output.on("data", (chunk: Buffer) => {
    const text = stripVTControlCharacters(chunk.toString());
    everything += text;
    shown += text;
    onShown();
  });
  const around = { ...SURROUNDINGS, env, home, hostName: "box-7" };
  return {
    path,
    start: () => init(parseCommandLine(["init", ...flags]), { terminal: { input, output }, around, findEngines: async () => there }),
    all: () => everything,
    written: () => readConfig(parseCommandLine([]), { ...around, env: {} }),
    /** Waits until it is shown, then types; what was shown until then is answered. */
    answer: async (words: string, keys: string) => {
      while (!shown.includes(words)) await new Promise<void>((resolve) => (onShown = resolve));
      shown = shown.slice(shown.indexOf(words) + words.length);
      input.write(keys);
    },
  };
}

const COMFYUI = { engine: "comfyui", url: "http://127.0.0.1:8188" } as const;
const LINE_AWAY = "\u0015";
const DOWN = "\u001B[B";

test("the answers become a config file that the agent takes, and that nobody else may read", async () => {
  const { path, start, answer, written } = await asked();
  const done = start();
  await answer("Address of the edge", "ftp://edge.example\r");
  await answer("must be a URL that starts with https://", `${LINE_AWAY}https://edge.example\r`);
  await answer("Agent key", `${KEY}\r`);
  await answer("What draws?", `${DOWN}\r`);
  await answer("Where will it answer?", `${LINE_AWAY}http://127.0.0.1:7861\r`);
  await answer("When may it work?", `${DOWN}\r`);
  expect(await done).toBe(0);
  expect(written()).toMatchObject({
    edge: new URL("https://edge.example"),
    key: KEY,
    name: "box-7",
    engines: [{ engine: "sdapi", url: "http://127.0.0.1:7861" }],
    rest: { isIdleOnly: true },
  });
  // Windows keeps who may read a file elsewhere.
  expect((await stat(path)).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o600);
});

test("a program of the owner's is asked for with what it stands for", async () => {
  const { start, answer, written } = await asked({ flags: ["--edge", "https://edge.example", "--key", KEY, "--idle-only"] });
  const done = start();
  await answer("What draws?", `${DOWN}${DOWN}\r`);
  await answer("Program and its arguments", "/usr/bin/python3 '/home/me/my program.py' --fast\r");
  await answer("Types of task", `${DOWN} \r`);
  await answer("Model of the API", "\r");
  expect(await done).toBe(0);
  expect(written().engines).toMatchObject([
    {
      engine: "command",
      command: ["/usr/bin/python3", "/home/me/my program.py", "--fast"],
      models: [{ name: "stable-diffusion-xl-base-1.0", types: ["TEXT2IMG", "IMG2IMG"] }],
    },
  ]);
});

test("what is said or found is not asked, and the key is not shown while it is typed", async () => {
  const { start, answer, all, written } = await asked({
    env: { STARGRAPH_EDGE: "https://edge.example", npm_command: "exec" },
    there: [COMFYUI, { engine: "built-in" }],
  });
  const done = start();
  await answer("Agent key", `${KEY}\r`);
  await answer("When may it work?", "\r");
  expect(await done).toBe(0);
  expect(all()).not.toContain(KEY);
  expect(all()).not.toContain("What draws?");
  expect(all()).toContain("to draw with comfyui at http://127.0.0.1:8188.\nNow: npx stargraph-agent doctor");
  expect(written()).toMatchObject({ edge: new URL("https://edge.example"), engines: [{ engine: "comfyui" }] });
});

test("without a terminal it writes what it is told, the key's file in place of the key, and else says which flags it lacks", async () => {
  const keyFile = join(await temporaryFolder(), "key");
  await writeFile(keyFile, KEY, { mode: 0o600 });
  const flags = ["--edge", "https://edge.example", "--key-file", keyFile];
  const { path, start, written } = await asked({ flags, there: [{ engine: "built-in" }], isTTY: false });
  expect(await start()).toBe(0);
  expect(written()).toMatchObject({ key: KEY, engines: [{ engine: "built-in" }] });
  expect(await readFile(path, "utf8")).not.toContain(KEY);
  const lacking = await asked({
    flags: ["--edge", "https://edge.example"],
    there: [COMFYUI, { engine: "sdapi", url: "http://127.0.0.1:1234" }],
    isTTY: false,
  });
  await expect(lacking.start()).rejects.toThrow(/no terminal to ask on.* --key or --key-file, --engine$/);
});

test("a file that is there is written anew only when that is asked for, and Ctrl-C writes nothing", async () => {
  const { path, start, answer, all } = await asked({ flags: ["--force", "--key", KEY, "--engine", "sdapi", "--idle-only"] });
  for (const host of ["one", "two"]) {
    const done = start();
    await answer("Address of the edge", `${LINE_AWAY}https://${host}.example\r`);
    expect(await done).toBe(0);
    expect(await readFile(path, "utf8")).toContain(`edge: https://${host}.example\n`);
  }
  const left = start();
  await answer("Address of the edge", "\u0003");
  expect(await left).toBe(130);
  expect(all()).toContain("Nothing was written");
  const unforced = init(parseCommandLine(["init", "--config", path]), {
    terminal: { input: new PassThrough(), output: new PassThrough() },
    around: SURROUNDINGS,
    findEngines: async () => [],
  });
  await expect(unforced).rejects.toThrow("is there already");
});
