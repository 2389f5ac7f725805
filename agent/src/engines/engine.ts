import type { FailureName } from "@star-graph/shared/agent-protocol";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { Phase, ResultFormat, TaskType } from "@star-graph/shared/task";

/** Turns a task's parameters into files on this machine. It knows nothing of the edge, its sockets or its users. */
export interface Engine {
  readonly name: string;
  /** What it can run now: none while its server is down. The first one is what `--map-model` names are served by. */
  models(): readonly EngineModel[];
  /** Those of its models, by name, that are in memory: a task for one of them starts without a load. */
  residentModels(): readonly string[];
  /** Calls `listener` each time `models()` or `residentModels()` have become others, until it is closed. */
  onChange(listener: () => void): void;
  /** Brings `models()` up to date, for whoever does not wait for `onChange`. It never throws; a server that is silent leaves none. */
  look(): Promise<void>;
  /** Looks now, and answers within a few seconds whatever happens; it never throws. */
  health(): Promise<EngineHealth>;
  /** Gives memory back, of models that nothing runs with. What runs is left alone. */
  freeMemory(): Promise<void>;
  /**
   * Runs one task. Several may run at once, up to the agent's slots.
   * @throws {EngineError} says whether trying again can help; any other error counts as one that can.
   */
  run(task: EngineTask, options: RunOptions): Promise<EngineResult>;
  close(): Promise<void>;
}

export interface EngineModel {
  name: string;
  types: readonly [TaskType, ...TaskType[]];
  /** The engine's own name for it, where that is another: a file, say. */
  servedAs?: string;
  /** Width × height of one picture at most. */
  maxPixels?: number;
  maxFrames?: number;
  /** Memory of the GPU that it runs on, where its server says it. */
  memoryBytes?: number;
  /** What it can beyond its types: `pose:CANNY`, … */
  features?: readonly string[];
}

export type EngineHealth =
  | { isReady: true; freeMemoryBytes?: number }
  /** `reason` in words for the owner of the box. */
  | { isReady: false; reason: string };

export interface RunOptions {
  /** Which of `models()` to use, by the engine's own name: a task may have been taken under another (`--map-model`). */
  model: string;
  /** Aborted when the attempt must stop now; whatever `run` then does is ignored. */
  signal: AbortSignal;
  onProgress: (progress: EngineProgress) => void;
  /** A folder for this run, for results too large for memory. It goes away with the attempt. */
  outputFolder: string;
  /** The pictures that the task works on, as files; what they show has been checked to be a whole PNG or JPEG. */
  inputs: { image?: { path: string } };
}

export interface EngineProgress {
  phase: Extract<Phase, "loading" | "sampling" | "encoding">;
  step: number;
  totalSteps: number;
  /** Draws the picture as it is at this step, as PNG, JPEG or WebP of any size; costs nothing until somebody looks. */
  preview?: () => Promise<Uint8Array>;
}

export interface EngineResult {
  files: [EngineFile, ...EngineFile[]];
  servedBy: { engine: string; model: string };
  /** What the owner of the task should know, in words. */
  notes: string[];
}

export interface EngineFile {
  content: FileContent;
  format: ResultFormat;
  width: number;
  height: number;
  thumbnail: { content: FileContent; format: Exclude<ResultFormat, "MP4"> };
}

/** A path must lie in the run's `outputFolder`. */
export type FileContent = { bytes: Uint8Array } | { path: string };

export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly failure: FailureName;
  /** Whether another agent, or this one later, may succeed. */
  readonly isRetryable: boolean;

  constructor(failure: FailureName, message: string, options: { isRetryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.failure = failure;
    this.isRetryable = options.isRetryable;
  }
}
