import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { SceneResult, SceneStep, SixTaskEngine } from "stargraph-scene";
import { hasCode, messageOf } from "../outside.ts";
import { Refusal } from "../refusal.ts";
import { callsOf, type SceneCall } from "./built-in-calls.ts";
import { notesFor, SCENE_MODEL } from "./built-in-notes.ts";
import { Changes } from "./changes.ts";
import {
  type Engine,
  EngineError,
  type EngineFile,
  type EngineHealth,
  type EngineModel,
  type EngineResult,
  type RunOptions,
} from "./engine.ts";
import { withMoovFirst } from "./media/moov-first.ts";

const MODELS: readonly EngineModel[] = [
  {
    name: SCENE_MODEL,
    types: ["TEXT2IMG", "IMG2IMG", "UPSCALE", "POSE", "TEXT2VIDEO", "IMG2VIDEO"],
    features: ["pose:OPENPOSE", "pose:CANNY", "pose:DEPTH"],
  },
];

type LoadScene = () => Promise<SixTaskEngine>;

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
  readonly #changes = new Changes();
  #scene: Promise<SixTaskEngine> | null = null;
  #isLoaded = false;
  #running = 0;

  constructor(loadScene: LoadScene) {
    this.#loadScene = loadScene;
  }

  models(): readonly EngineModel[] {
    return MODELS;
  }

  residentModels(): readonly string[] {
    return this.#isLoaded ? [SCENE_MODEL] : [];
  }

  onChange(listener: () => void): void {
    this.#changes.listen(listener);
  }

  async look(): Promise<void> {
    // Its model is part of the program.
  }

  async health(): Promise<EngineHealth> {
    return { isReady: true };
  }

  async freeMemory(): Promise<void> {
    const scene = this.#scene;
    if (!scene || this.#running > 0) return;
    this.#forget();
    await (await scene.catch(() => null))?.close();
  }

  async run(task: EngineTask, options: RunOptions): Promise<EngineResult> {
    this.#running++;
    try {
      return await this.#run(task, options);
    } finally {
      this.#running--;
    }
  }

  async #run(task: EngineTask, { signal, inputs, onProgress }: RunOptions): Promise<EngineResult> {
    if (!this.#isLoaded) onProgress({ phase: "loading", step: 0, totalSteps: 1 });
    const scene = await this.#load();
    const [first, ...others] = await callsOf(scene, task, inputs);
    if (!first) throw new EngineError("INTERNAL", `nothing to draw for ${task.type}`, { isRetryable: false });
    const calls: [SceneCall, ...SceneCall[]] = [first, ...others];
    const results: [SceneResult, ...SceneResult[]] = [await this.#draw(calls, 0, { signal, onProgress })];
    for (let index = 1; index < calls.length; index++) results.push(await this.#draw(calls, index, { signal, onProgress }));
    onProgress({ phase: "encoding", step: 1, totalSteps: 1 });
    const [head, ...rest] = results;
    const unknownWords = results.flatMap((result) => result.unknownWords);
    return {
      files: [toFile(head), ...rest.map(toFile)],
      servedBy: { engine: this.name, model: scene.modelName },
      notes: [...new Set([...notesFor(task, unknownWords), ...results.flatMap((result) => result.notes)])],
    };
  }

  async close(): Promise<void> {
    this.#changes.close();
    // A model that failed to load has nothing to close.
    const scene = await this.#scene?.catch(() => null);
    await scene?.close();
  }

  async #load(): Promise<SixTaskEngine> {
    this.#scene ??= this.#loadScene();
    try {
      const scene = await this.#scene;
      if (!this.#isLoaded) {
        this.#isLoaded = true;
        this.#changes.tell();
      }
      return scene;
    } catch (error) {
      this.#forget();
      throw new EngineError("MODEL_LOAD_FAILED", `stargraph-scene: ${messageOf(error)}`, { isRetryable: true, cause: error });
    }
  }

  #forget(): void {
    this.#scene = null;
    const wasLoaded = this.#isLoaded;
    this.#isLoaded = false;
    if (wasLoaded) this.#changes.tell();
  }

  /** One file of the task; steps are counted over all of them. */
  async #draw(
    calls: readonly SceneCall[],
    index: number,
    { signal, onProgress }: Pick<RunOptions, "signal" | "onProgress">,
  ): Promise<SceneResult> {
    const onStep = (sceneStep: SceneStep): void => {
      const totalSteps = sceneStep.totalSteps * calls.length;
      const step = Math.min(totalSteps, index * sceneStep.totalSteps + sceneStep.step);
      onProgress({ phase: "sampling", step, totalSteps, preview: () => sceneStep.renderPreview() });
      // What is left after the last step is drawing at full size and encoding.
      if (step === totalSteps) onProgress({ phase: "encoding", step: 0, totalSteps: 1 });
    };
    try {
      const call = calls[index];
      if (!call) throw new RangeError(`no call ${index}`);
      return await call({ signal, onStep });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "UnusableImageError") throw error;
      // Another box would say the same of it.
      throw new EngineError("BAD_REQUEST", error.message, { isRetryable: false, cause: error });
    }
  }
}

function toFile({ bytes, format, thumbnail, width, height }: SceneResult): EngineFile {
  const content = { bytes: format === "MP4" ? withMoovFirst(bytes) : bytes };
  return { content, format, width, height, thumbnail: { content: { bytes: thumbnail }, format: "WEBP" } };
}
