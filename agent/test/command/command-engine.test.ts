import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { modelOf } from "@star-graph/shared/work";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { CommandEngine, type CommandTimings } from "../../src/engines/command/command-engine.ts";
import { CommandSettings } from "../../src/engines/command/settings.ts";
import type { EngineProgress } from "../../src/engines/engine.ts";
import { EngineSettings } from "../../src/engines/settings.ts";
import { aLog } from "../builders.ts";
import { aTask } from "../comfyui/tasks.ts";
import { aPng } from "../pictures.ts";
import { temporaryFolder } from "../run-in-process.ts";

const PROGRAM = fileURLToPath(new URL("../fixtures/command-program.mjs", import.meta.url));
const MODELS = [{ name: "stable-diffusion-v1-5", types: ["TEXT2IMG", "IMG2IMG"], servedAs: "my-model" }];

function engineOf(settings: object = {}, timings: Partial<CommandTimings> = {}) {
  const log = aLog();
  const parsed = CommandSettings.parse({ engine: "command", command: [process.execPath, PROGRAM], models: MODELS, ...settings });
  const engine = new CommandEngine(parsed, { log, timings: { killMs: 200, endMs: 10_000, ...timings } });
  onTestFinished(() => engine.close());
  return { engine, log };
}

async function run(engine: CommandEngine, task: EngineTask) {
  const above = await temporaryFolder();
  const outputFolder = join(above, "attempt");
  await mkdir(outputFolder);
  const image = { path: join(outputFolder, "input-image") };
  await writeFile(image.path, aPng(64, 64));
  const progress: EngineProgress[] = [];
  const abort = new AbortController();
  const inputs = task.type === "TEXT2IMG" ? {} : { image };
  const result = engine.run(task, {
    model: modelOf(task),
    signal: abort.signal,
    outputFolder,
    inputs,
    onProgress: (step) => void progress.push(step),
  });
  result.catch(() => {});
  return { result, progress, abort, above };
}

const scene = (prompt: string, changes: object = {}) => aTask.textToImage({ prompt, ...changes });
const isAlive = (pid: number): boolean => {
  try {
    if (!existsSync("/proc/self")) return process.kill(pid, 0);
    // A process that has ended and that nobody has fetched yet is one that has ended.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

test("a task goes in, progress, a preview and files come out, and the agent's key stays with the agent", async () => {
  vi.stubEnv("STARGRAPH_KEY", "sgk_secret_secret");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { engine, log } = engineOf();
  expect(engine.models()).toEqual([{ name: "stable-diffusion-v1-5", types: ["TEXT2IMG", "IMG2IMG"], servedAs: "my-model" }]);
  expect(await engine.health()).toEqual({ isReady: true });
  const { result, progress } = await run(engine, scene("well", { batchSize: 2 }));
  expect(await result).toMatchObject({
    files: [
      { format: "PNG", width: 64, height: 64 },
      { format: "PNG", width: 64, height: 64 },
    ],
    servedBy: { engine: "command", model: "mine-1" },
    notes: ["TEXT2IMG without a picture, no key"],
  });
  expect(progress.map(({ phase, step }) => `${phase} ${step}`)).toEqual([
    "loading 0",
    "loading 0",
    "sampling 1",
    "sampling 1",
    "encoding 0",
  ]);
  const [preview] = progress.flatMap((one) => one.preview ?? []);
  expect(
    Buffer.from((await preview?.()) ?? [])
      .subarray(1, 4)
      .toString(),
  ).toBe("PNG");
  expect(log.events).toEqual(["engine-says: loading the model"]);
  const withPicture = await run(engine, aTask.imageToImage({ prompt: "well" }));
  expect((await withPicture.result).notes).toEqual(["IMG2IMG with a picture, no key"]);
});

test("lines that are none are reported, and do no harm", async () => {
  const { engine, log } = engineOf();
  expect((await (await run(engine, scene("chatter"))).result).files).toHaveLength(1);
  expect(log.events.filter((event) => event.startsWith("engine-line"))).toEqual([
    expect.stringMatching(/no JSON object with a "type"\): Loading pipeline/),
    expect.stringContaining("longer than 64 KB"),
    expect.stringContaining("no such type: telemetry"),
    expect.stringContaining("progress.step"),
  ]);
});

describe("a task fails when the program", () => {
  test.each([
    ["says so, in its own words", "sick", { failure: "NO_GPU", isRetryable: true, message: "the card is too small" }],
    ["ends with an error", "crash", { isRetryable: true, message: "the engine's program ended with 1 without a result" }],
    ["ends without a result", "silent", { isRetryable: true, message: "the engine's program ended with 0 without a result" }],
    ["says its result wrongly", "vague", { isRetryable: false, message: expect.stringContaining("result.files") }],
    ["names a file elsewhere", "thief", { isRetryable: false, message: expect.stringContaining("without a folder before it") }],
    ["names a link", "link", { isRetryable: false, message: expect.stringContaining("0.png, which cannot be read") }],
    ["names what is not there", "missing", { isRetryable: false, message: expect.stringContaining("0.png, which cannot be read") }],
    ["makes no picture", "text", { isRetryable: false, message: expect.stringContaining("none of PNG, JPEG, WebP and MP4") }],
    ["makes more than its owner allows", "large", { isRetryable: false, message: expect.stringContaining("more than 1048576") }],
    ["makes another size", "small", { isRetryable: false, message: expect.stringContaining("8x8 where 64x64") }],
    ["makes another number", "few", { isRetryable: false, message: expect.stringContaining("2 files where 1") }],
  ])("%s", async (_, prompt, error) => {
    const { engine } = engineOf({ maxFileMegabytes: 1 });
    await expect((await run(engine, scene(prompt))).result).rejects.toMatchObject(error);
  });

  test("cannot be started", async () => {
    const { engine } = engineOf({ command: ["/nowhere/program"] });
    await expect((await run(engine, scene("well"))).result).rejects.toMatchObject({
      isRetryable: true,
      message: expect.stringContaining("cannot be started (ENOENT)"),
    });
    expect(await engine.health()).toMatchObject({ isReady: false, reason: expect.stringContaining("/nowhere/program") });
  });

  test("takes longer than its owner allows", async () => {
    const { engine } = engineOf({ timeLimitSeconds: 1 });
    await expect((await run(engine, scene("polite"))).result).rejects.toMatchObject({ failure: "TASK_TIMEOUT", isRetryable: true });
  });
});

describe("a cancelled program", () => {
  test("is asked to end first", async () => {
    const { engine } = engineOf({}, { killMs: 15_000 });
    const { result, progress, abort, above } = await run(engine, scene("polite"));
    await vi.waitUntil(() => progress.some(({ step }) => step === 1));
    abort.abort();
    await expect(result).rejects.toThrow("aborted");
    expect(existsSync(join(above, "was-polite"))).toBe(true);
  });

  test("is killed then, with all that it has started", async () => {
    const { engine } = engineOf();
    const { result, progress, abort, above } = await run(engine, scene("stubborn"));
    await vi.waitUntil(() => progress.some(({ step }) => step === 1));
    const pids = readFileSync(join(above, "pids"), "utf8").split(" ").map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    abort.abort();
    await expect(result).rejects.toThrow("aborted");
    await vi.waitUntil(() => !pids.some(isAlive));
  });
});

test("a program that has said its result and does not end is ended, and the result counts", async () => {
  const { engine } = engineOf({}, { endMs: 50 });
  expect((await (await run(engine, scene("lingering"))).result).files).toHaveLength(1);
});

test("a helper that has left the program's group keeps nobody waiting", async () => {
  const { engine } = engineOf();
  const { result, above } = await run(engine, scene("runaway"));
  expect((await result).files).toHaveLength(1);
  const helper = Number(readFileSync(join(above, "pids"), "utf8"));
  expect(isAlive(helper)).toBe(true);
  process.kill(helper, "SIGKILL");
});

test("as many programs as there are slots at the most run at a time, without a warning of too many listeners", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const { engine } = engineOf({ command: ["sleep", "60"] });
  const runs = await Promise.all(Array.from({ length: 12 }, () => run(engine, scene("well"))));
  for (const { abort } of runs) abort.abort();
  await Promise.allSettled(runs.map(({ result }) => result));
  expect(warnings).toEqual([]);
});

describe("the documentation", () => {
  const page = readFileSync(new URL("../../../docs/gpu-owners.md", import.meta.url), "utf8");

  test("has an example for the config file that is right, and says all that can be said", () => {
    const [, example = ""] = /```yaml\n(engines:\n {2}- engine: command[^`]*)```/.exec(page) ?? [];
    const { engines } = z.object({ engines: z.tuple([EngineSettings]) }).parse(parse(example));
    expect(engines[0]).toMatchObject({ engine: "command", slots: 1 });
    const settings = CommandSettings.shape;
    const known = [...Object.keys(settings), ...Object.keys(settings.models.element.shape)];
    expect(known.filter((name) => !example.includes(`${name}:`))).toEqual([]);
  });

  test("has a program that works as it stands", async () => {
    const [, program = ""] = /```js\n(\/\/ one-colour\.mjs[\s\S]*?)\n```/.exec(page) ?? [];
    const path = join(await temporaryFolder(), "one-colour.mjs");
    await writeFile(path, program);
    const { engine } = engineOf({ command: [process.execPath, path] });
    const { result, progress } = await run(engine, scene("anything", { batchSize: 2, width: 72 }));
    expect((await result).files.map(({ width, height }) => `${width}x${height}`)).toEqual(["72x64", "72x64"]);
    expect(progress.some(({ step }) => step === 2)).toBe(true);
  });
});
