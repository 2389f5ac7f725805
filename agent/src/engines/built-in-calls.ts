import { readFile } from "node:fs/promises";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { SceneOptions, SceneResult, SixTaskEngine } from "stargraph-scene";
import { seedOfPicture } from "./built-in-notes.ts";
import { EngineError, type RunOptions } from "./engine.ts";

/** Draws one file of a task. */
export type SceneCall = (options: SceneOptions) => Promise<SceneResult>;

/** What the built-in engine has to draw for a task: one call for each picture of a batch, or one for its video. */
export async function callsOf(scene: SixTaskEngine, task: EngineTask, inputs: RunOptions["inputs"]): Promise<SceneCall[]> {
  switch (task.type) {
    case "TEXT2IMG":
      return batch(task.parameters, (request) => async (options) => {
        const { png, ...picture } = await scene.generate(request, options);
        return { ...picture, bytes: png, format: "PNG", notes: [] };
      });
    case "IMG2IMG": {
      const image = await readImage(inputs);
      const { strength } = task.parameters;
      return batch(task.parameters, (request) => (options) => scene.imageToImage({ ...request, image, strength }, options));
    }
    case "POSE": {
      const image = await readImage(inputs);
      const { controlType, controlStrength } = task.parameters;
      return batch(task.parameters, (request) => (options) => scene.control({ ...request, image, controlType, controlStrength }, options));
    }
    case "UPSCALE": {
      const image = await readImage(inputs);
      const { scaleFactor, model } = task.parameters;
      return [(options) => scene.upscale({ image, scaleFactor, model }, options)];
    }
    case "TEXT2VIDEO": {
      const request = { ...wanted(task.parameters), ...filming(task.parameters), videoLoop: false };
      return [(options) => scene.textToVideo(request, options)];
    }
    case "IMG2VIDEO": {
      const image = await readImage(inputs);
      const { augmentationLevel, videoLoop } = task.parameters;
      const request = { ...wanted(task.parameters), ...filming(task.parameters), image, augmentationLevel, videoLoop };
      return [(options) => scene.imageToVideo(request, options)];
    }
  }
}

type Parameters = Extract<EngineTask, { type: "TEXT2IMG" | "IMG2IMG" | "POSE" }>["parameters"];
type VideoParameters = Extract<EngineTask, { type: "TEXT2VIDEO" | "IMG2VIDEO" }>["parameters"];

const wanted = ({ prompt, negativePrompt, seed, steps, cfgScale, width, height }: Parameters | VideoParameters) => ({
  prompt,
  negativePrompt,
  seed,
  steps,
  cfgScale,
  width,
  height,
});
const filming = ({ duration, fps, motionBucketId }: VideoParameters) => ({ duration, fps, motionBucketId });

function batch(parameters: Parameters, callOf: (request: ReturnType<typeof wanted>) => SceneCall): SceneCall[] {
  const request = wanted(parameters);
  return Array.from({ length: parameters.batchSize }, (_, index) => callOf({ ...request, seed: seedOfPicture(request.seed, index) }));
}

async function readImage({ image }: RunOptions["inputs"]): Promise<Uint8Array> {
  if (image) return readFile(image.path);
  throw new EngineError("INTERNAL", "the task came without its picture", { isRetryable: false });
}
