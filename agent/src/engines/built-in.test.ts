import type { SceneEngine, SceneRequest } from "stargraph-scene";
import { expect, test } from "vitest";
import { someParameters } from "../../test/builders.ts";
import { BuiltInEngine } from "./built-in.ts";
import { EngineError, type EngineProgress } from "./engine.ts";

/** The package's interface, drawing at once. */
function aScene(requests: SceneRequest[]): SceneEngine {
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
    close: async () => {},
  };
}

function run(engine: BuiltInEngine, changes: Parameters<typeof someParameters>[0], signal = new AbortController().signal) {
  const steps: EngineProgress[] = [];
  const result = engine.run(
    { type: "TEXT2IMG", parameters: someParameters(changes) },
    { signal, outputFolder: "/nowhere", onProgress: (step) => steps.push(step) },
  );
  return { steps, result };
}

test("draws a batch with seeds that count on and steps over the whole of it", async () => {
  const requests: SceneRequest[] = [];
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

test("an abort reaches the model", async () => {
  const engine = new BuiltInEngine(async () => aScene([]));
  await expect(run(engine, {}, AbortSignal.abort(new Error("cancelled"))).result).rejects.toThrow("cancelled");
});
