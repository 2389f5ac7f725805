import type { EngineTask, Text2ImgParameters } from "@star-graph/shared/rest/generate";
import type { SceneEngine, ScenePicture } from "stargraph-scene";
import { hasCode, messageOf } from "../outside.ts";
import { Refusal } from "../refusal.ts";
import { notesFor, SCENE_MODEL, seedOfPicture } from "./built-in-notes.ts";
import { type Engine, EngineError, type EngineFile, type EngineModel, type EngineResult, type RunOptions } from "./engine.ts";

type LoadScene = () => Promise<SceneEngine>;

/**
 * The engine in the optional package `stargraph-scene`.
 * @throws {Refusal} when the package is not installed.
 */
export async function openBuiltInEngine(): Promise<Engine> {
  try {
    const scene = await import("stargraph-scene");
    return new BuiltInEngine(() => scene.loadSceneEngine());
  } catch (error) {
    const reason = hasCode(error, "ERR_MODULE_NOT_FOUND") ? "is not installed" : `cannot be loaded (${messageOf(error)})`;
    throw new Refusal(`The built-in engine ${reason}. Install its package next to the agent: npm install stargraph-scene`, {
      cause: error,
    });
  }
}

export class BuiltInEngine implements Engine {
  readonly name = "built-in";
  readonly #loadScene: LoadScene;
  #scene: Promise<SceneEngine> | null = null;
  #isLoaded = false;

  constructor(loadScene: LoadScene) {
    this.#loadScene = loadScene;
  }

  models(): EngineModel[] {
    return [{ name: SCENE_MODEL, types: ["TEXT2IMG"] }];
  }

  async run({ parameters }: EngineTask, { signal, onProgress }: RunOptions): Promise<EngineResult> {
    if (!this.#isLoaded) onProgress({ phase: "loading", step: 0, totalSteps: 1 });
    const scene = await this.#load();
    const pictures: [ScenePicture, ...ScenePicture[]] = [await this.#draw(scene, parameters, 0, { signal, onProgress })];
    for (let index = 1; index < parameters.batchSize; index++) {
      pictures.push(await this.#draw(scene, parameters, index, { signal, onProgress }));
    }
    onProgress({ phase: "encoding", step: 1, totalSteps: 1 });
    const [first, ...others] = pictures;
    return {
      files: [toFile(first), ...others.map(toFile)],
      servedBy: { engine: this.name, model: scene.modelName },
      notes: notesFor(
        parameters,
        pictures.flatMap((picture) => picture.unknownWords),
      ),
    };
  }

  async close(): Promise<void> {
    // A model that failed to load has nothing to close.
    const scene = await this.#scene?.catch(() => null);
    await scene?.close();
  }

  async #load(): Promise<SceneEngine> {
    this.#scene ??= this.#loadScene();
    try {
      const scene = await this.#scene;
      this.#isLoaded = true;
      return scene;
    } catch (error) {
      this.#scene = null;
      throw new EngineError("MODEL_LOAD_FAILED", `stargraph-scene: ${messageOf(error)}`, { isRetryable: true, cause: error });
    }
  }

  /** One picture of the batch; steps are counted over the whole of it. */
  #draw(
    scene: SceneEngine,
    parameters: Text2ImgParameters,
    index: number,
    { signal, onProgress }: Pick<RunOptions, "signal" | "onProgress">,
  ): Promise<ScenePicture> {
    const { prompt, negativePrompt, seed, steps, cfgScale, width, height, batchSize } = parameters;
    const totalSteps = steps * batchSize;
    return scene.generate(
      { prompt, negativePrompt, seed: seedOfPicture(seed, index), steps, cfgScale, width, height },
      {
        signal,
        onStep: (sceneStep) => {
          const step = Math.min(totalSteps, index * steps + sceneStep.step);
          onProgress({ phase: "sampling", step, totalSteps, preview: () => sceneStep.renderPreview() });
          // What is left of `generate` after the last step is drawing at full size and encoding.
          if (step === totalSteps) onProgress({ phase: "encoding", step: 0, totalSteps: 1 });
        },
      },
    );
  }
}

function toFile({ png, thumbnail, width, height }: ScenePicture): EngineFile {
  return { content: { bytes: png }, format: "PNG", width, height, thumbnail: { content: { bytes: thumbnail }, format: "WEBP" } };
}
