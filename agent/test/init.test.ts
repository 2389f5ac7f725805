import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { init } from "../src/commands/init.ts";
import { parseCommandLine } from "../src/config/command-line.ts";
import { readConfig } from "../src/config/read-config.ts";
import { KEY } from "./fake-edge.ts";
import { temporaryFolder } from "./run-in-process.ts";

/** Keys are bytes, and what is shown is text: that is all that a terminal is to the questions. */
async function asked(...flags: string[]) {
  const path = join(await temporaryFolder(), "new", "config.yaml");
  const input = Object.assign(new PassThrough(), { isTTY: true });
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
  const start = () => init(parseCommandLine(["init", "--config", path, ...flags]), { input, output });
  return {
    path,
    start,
    all: () => everything,
    /** Waits until it is shown, then types; what was shown until then is answered. */
    answer: async (words: string, keys: string) => {
      while (!shown.includes(words)) await new Promise<void>((resolve) => (onShown = resolve));
      shown = shown.slice(shown.indexOf(words) + words.length);
      input.write(keys);
    },
  };
}

const LINE_AWAY = "\u0015";
const DOWN = "\u001B[B";

test("the answers become a config file that the agent takes, and that nobody else may read", async () => {
  const { path, start, answer } = await asked();
  const done = start();
  await answer("Address of the edge", "ftp://edge.example\r");
  await answer("must be a URL that starts with https://", `${LINE_AWAY}https://edge.example\r`);
  await answer("Agent key", `${KEY}\r`);
  await answer("Name of this machine", "box in the cellar\r");
  await answer("Engine", `${DOWN}\r`);
  await answer("When may it work?", `${DOWN}\r`);
  expect(await done).toBe(0);
  expect(readConfig(parseCommandLine(["--config", path]))).toMatchObject({
    edge: new URL("https://edge.example"),
    key: KEY,
    name: "box in the cellar",
    isEngineChosen: true,
    rest: { isIdleOnly: true },
  });
  // Windows keeps who may read a file elsewhere.
  expect((await stat(path)).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o600);
});

test("the key is not shown while it is typed", async () => {
  const { start, answer, all } = await asked();
  const done = start();
  await answer("Address of the edge", "https://edge.example\r");
  await answer("Agent key", `${KEY}\r`);
  await answer("Name of this machine", "\r");
  expect(all()).not.toContain(KEY);
  await answer("Engine", "\r");
  await answer("When may it work?", "\r");
  await done;
});

test("a file that is there is written anew only when that is asked for", async () => {
  const { path, start, answer } = await asked("--force");
  for (const name of ["one", "two"]) {
    const done = start();
    await answer("Address of the edge", "https://edge.example\r");
    await answer("Agent key", `${KEY}\r`);
    await answer("Name of this machine", `${name}\r`);
    await answer("Engine", "\r");
    await answer("When may it work?", "\r");
    await done;
    expect(await readFile(path, "utf8")).toContain(`name: ${name}\n`);
  }
  await expect(
    init(parseCommandLine(["init", "--config", path]), {
      input: Object.assign(new PassThrough(), { isTTY: true }),
      output: new PassThrough(),
    }),
  ).rejects.toThrow("is there already");
});
