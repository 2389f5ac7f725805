import type { FailureName } from "@star-graph/shared/agent-protocol";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { Phase, ResultFormat, TaskType } from "@star-graph/shared/task";

/** Turns a task's parameters into files on this machine. It knows nothing of the edge, its sockets or its users. */
export interface Engine {
  readonly name: string;
  /** What it can run now. The first one is what `--map-model` names are served by. */
  models(): EngineModel[];
  /**
   * Runs one task. Several may run at once, up to the agent's slots.
   * @throws {EngineError} says whether trying again can help; any other error counts as one that can.
   */
  run(task: EngineTask, options: RunOptions): Promise<EngineResult>;
  close(): Promise<void>;
}

export interface EngineModel {
  name: string;
  types: [TaskType, ...TaskType[]];
  /** Width × height of one picture at most. */
  maxPixels?: number;
}

export interface RunOptions {
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
  /** Draws the picture as it is at this step; costs nothing until somebody looks. */
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
