import type { EngineTask } from "@star-graph/shared/rest/generate";
import { Changes } from "../src/engines/changes.ts";
import type { Engine, EngineFile, EngineHealth, EngineModel, EngineProgress, EngineResult, RunOptions } from "../src/engines/engine.ts";
import { Inbox } from "./inbox.ts";

export const MODEL = "test-model";

/** An engine whose every run does what the test tells it, when it tells it. */
export class ScriptedEngine implements Engine {
  readonly name = "scripted";
  readonly runs = new Inbox<ScriptedRun>();
  readonly #changes = new Changes();
  #models: readonly EngineModel[] = [{ name: MODEL, types: ["TEXT2IMG"], maxPixels: 2048 * 1024 }];
  #resident: readonly string[] = [];
  isClosed = false;
  freed = 0;

  constructor(models?: readonly EngineModel[]) {
    if (models) this.#models = models;
  }

  models(): readonly EngineModel[] {
    return this.#models;
  }

  residentModels(): readonly string[] {
    return this.#resident;
  }

  onChange(listener: () => void): void {
    this.#changes.listen(listener);
  }

  async look(): Promise<void> {}

  async health(): Promise<EngineHealth> {
    return this.#models.length > 0 ? { isReady: true } : { isReady: false, reason: "the test says so" };
  }

  async freeMemory(): Promise<void> {
    this.freed++;
    this.become({ resident: [] });
  }

  /** As an engine whose server came up, went, or loaded a model. */
  become({ models = this.#models, resident = this.#resident }: { models?: readonly EngineModel[]; resident?: readonly string[] }): void {
    this.#models = models;
    this.#resident = resident;
    this.#changes.tell();
  }

  run(task: EngineTask, options: RunOptions): Promise<EngineResult> {
    const run = new ScriptedRun(task, options);
    this.runs.push(run);
    return run.result;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

export class ScriptedRun {
  readonly task: EngineTask;
  readonly options: RunOptions;
  readonly result: Promise<EngineResult>;
  readonly stopped: Promise<void>;
  readonly #outcome = Promise.withResolvers<EngineResult>();

  constructor(task: EngineTask, options: RunOptions) {
    this.task = task;
    this.options = options;
    this.result = this.#outcome.promise;
    this.stopped = new Promise((resolve) => {
      options.signal.addEventListener("abort", () => {
        this.#outcome.reject(new Error("stopped"));
        resolve();
      });
    });
  }

  step(phase: EngineProgress["phase"], step: number, totalSteps: number, preview?: EngineProgress["preview"]): void {
    this.options.onProgress({ phase, step, totalSteps, ...(preview && { preview }) });
  }

  finish(pictures: readonly string[] = ["picture"], notes: string[] = []): void {
    const [first = "picture", ...others] = pictures;
    this.#outcome.resolve({ files: [aFile(first), ...others.map(aFile)], servedBy: { engine: "scripted", model: MODEL }, notes });
  }

  fail(error: Error): void {
    this.#outcome.reject(error);
  }
}

/** The agent does not look inside, so a text does for a picture. */
export function aFile(text: string): EngineFile {
  const thumbnail = { content: { bytes: Buffer.from(`thumbnail of ${text}`) }, format: "WEBP" as const };
  return { content: { bytes: Buffer.from(text) }, format: "PNG", width: 64, height: 64, thumbnail };
}
