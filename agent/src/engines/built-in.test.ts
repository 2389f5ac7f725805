import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineTask } from "@star-graph/shared/rest/generate";
import type { SceneOptions, SixTaskEngine } from "stargraph-scene";
import { expect, test } from "vitest";
import { someParameters } from "../../test/builders.ts";
import { temporaryFolder } from "../../test/run-in-process.ts";
import { BuiltInEngine } from "./built-in.ts";
import { EngineError, type EngineProgress, type RunOptions } from "./engine.ts";

/** The package's interface, drawing at once; everything but `generate` answers with its own name. */
function aScene(requests: object[], refusal?: Error): SixTaskEngine {
  const drawn = (name: string) => async (request: object, options: SceneOptions) => {
    if (refusal) throw refusal;
    requests.push({ name, ...request });
    await options.onStep({ step: 1, totalSteps: 1, renderPreview: async () => Uint8Array.of(1) });
    const format = name.endsWith("Video") ? ("MP4" as const) : ("PNG" as const);
    return { bytes: Uint8Array.of(1), thumbnail: Uint8Array.of(0), width: 8, height: 8, format, unknownWords: [], notes: [`by ${name}`] };
  };
  return {
    modelName: "stargraph-scene",
    runtime: "onnxruntime-web",
    async generate(request, options) {
      requests.push(request);
      for (let step = 1; step <= request.steps; step++) {
        options.signal.throwIfAborted();
        await options.onStep({ step, totalSteps: request.steps, renderPreview: async () => Uint8Array.of(step) });
      }
      const png = Uint8Array.of(request.seed);
      return { png, thumbnail: Uint8Array.of(0), width: request.width, height: request.height, unknownWords: [] };
    },
    imageToImage: drawn("imageToImage"),
    upscale: drawn("upscale"),
    control: drawn("control"),
    textToVideo: drawn("textToVideo"),
    imageToVideo: drawn("imageToVideo"),
    close: async () => {},
  };
}

function runTask(engine: BuiltInEngine, task: EngineTask, inputs: RunOptions["inputs"] = {}, signal = new AbortController().signal) {
  const steps: EngineProgress[] = [];
  const result = engine.run(task, {
    model: "stargraph-scene",
    signal,
    inputs,
    outputFolder: "/nowhere",
    onProgress: (step) => steps.push(step),
  });
  return { steps, result };
}

function run(engine: BuiltInEngine, changes: Parameters<typeof someParameters>[0], signal = new AbortController().signal) {
  return runTask(engine, { type: "TEXT2IMG", parameters: someParameters(changes) }, {}, signal);
}

test("draws a batch with seeds that count on and steps over the whole of it", async () => {
  const requests: object[] = [];
  const engine = new BuiltInEngine(async () => aScene(requests));
  const { steps, result } = run(engine, { seed: 7, steps: 2, batchSize: 2, negativePrompt: "rain" });
  const { files, servedBy } = await result;
  expect(files.map(({ content }) => content)).toEqual([{ bytes: Uint8Array.of(7) }, { bytes: Uint8Array.of(8) }]);
  expect(servedBy).toEqual({ engine: "built-in", model: "stargraph-scene" });
  expect(requests[1]).toEqual({ prompt: "一只猫", negativePrompt: "rain", seed: 8, steps: 2, cfgScale: 7.5, width: 1024, height: 1024 });
  expect(steps.map(({ phase, step, totalSteps }) => `${phase} ${step}/${totalSteps}`)).toEqual([
    "loading 0/1",
    "sampling 1/4",
    "sampling 2/4",
    "sampling 3/4",
    "sampling 4/4",
    "encoding 0/1",
    "encoding 1/1",
  ]);
  expect(await steps[2]?.preview?.()).toEqual(Uint8Array.of(2));
});

test("loads once for runs that start together, and again after a load that failed", async () => {
  let loads = 0;
  const engine = new BuiltInEngine(async () => {
    loads++;
    if (loads === 1) throw new Error("no weights");
    return aScene([]);
  });
  const failed = run(engine, {}).result;
  await expect(failed).rejects.toThrow("stargraph-scene: no weights");
  await expect(failed).rejects.toMatchObject({ failure: "MODEL_LOAD_FAILED", isRetryable: true });
  await expect(failed).rejects.toBeInstanceOf(EngineError);
  await Promise.all([run(engine, {}).result, run(engine, {}).result]);
  expect(loads).toBe(2);
});

test("says when its model is in memory, and gives it back while nothing runs", async () => {
  let closed = 0;
  const engine = new BuiltInEngine(async () => ({ ...aScene([]), close: async () => void closed++ }));
  const seen: (readonly string[])[] = [];
  engine.onChange(() => seen.push(engine.residentModels()));
  await engine.freeMemory();
  const running = run(engine, {}).result;
  await engine.freeMemory();
  await running;
  expect({ closed, seen }).toEqual({ closed: 0, seen: [["stargraph-scene"]] });
  await engine.freeMemory();
  expect({ closed, seen }).toEqual({ closed: 1, seen: [["stargraph-scene"], []] });
  await run(engine, {}).result;
  expect(engine.residentModels()).toEqual(["stargraph-scene"]);
  expect(await engine.health()).toEqual({ isReady: true });
});

test("an abort reaches the model", async () => {
  const engine = new BuiltInEngine(async () => aScene([]));
  await expect(run(engine, {}, AbortSignal.abort(new Error("cancelled"))).result).rejects.toThrow("cancelled");
});

const PROMPT = { prompt: "a cat", negativePrompt: "", modelName: "m", seed: 7, cfgScale: 7, width: 64, height: 64, steps: 3 };
const MEASURED = { imageWidth: 64, imageHeight: 64 };

test.each([
  ["IMG2IMG", { ...PROMPT, ...MEASURED, strength: 0.4 }, "imageToImage", { strength: 0.4, seed: 7 }, "PNG"],
  [
    "POSE",
    { ...PROMPT, ...MEASURED, controlType: "canny", controlStrength: 2 },
    "control",
    { controlType: "canny", controlStrength: 2 },
    "PNG",
  ],
  ["UPSCALE", { ...MEASURED, scaleFactor: 4, model: "m" }, "upscale", { scaleFactor: 4, model: "m" }, "PNG"],
  ["IMG2VIDEO", { ...PROMPT, ...MEASURED, duration: 2, videoLoop: true }, "imageToVideo", { duration: 2, fps: 8, videoLoop: true }, "MP4"],
] as const)("%s works on the file that it is given", async (type, parameters, name, asked, format) => {
  const path = join(await temporaryFolder(), "input-image");
  await writeFile(path, "picture");
  const requests: object[] = [];
  const engine = new BuiltInEngine(async () => aScene(requests));
  const task = EngineTask.parse({ type, parameters });
  const { files, notes } = await runTask(engine, task, { image: { path } }).result;
  expect(requests).toMatchObject([{ name, ...asked, image: Buffer.from("picture") }]);
  expect(files).toMatchObject([{ format, thumbnail: { format: "WEBP" } }]);
  expect(notes.at(-1)).toBe(`by ${name}`);
  await expect(runTask(engine, task).result).rejects.toThrow("without its picture");
});

test("a video from words does not loop, as nobody can ask for it", async () => {
  const requests: object[] = [];
  const task = EngineTask.parse({ type: "TEXT2VIDEO", parameters: { ...PROMPT, fps: 12 } });
  await runTask(new BuiltInEngine(async () => aScene(requests)), task).result;
  expect(requests).toMatchObject([{ name: "textToVideo", duration: 4, fps: 12, motionBucketId: 127, videoLoop: false }]);
});

test("a picture that cannot be used is nobody's to try again", async () => {
  const unusable = Object.assign(new Error("too large"), { name: "UnusableImageError" });
  const engine = new BuiltInEngine(async () => aScene([], unusable));
  const task = EngineTask.parse({ type: "TEXT2VIDEO", parameters: PROMPT });
  await expect(runTask(engine, task).result).rejects.toMatchObject({ failure: "BAD_REQUEST", isRetryable: false, message: "too large" });
});
