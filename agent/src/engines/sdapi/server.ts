import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { EngineModel, EngineProgress } from "../engine.ts";
import type { Control } from "./find-models.ts";

export type Family = "sd15" | "sdxl";

/** How a server makes what a model offers. */
type Recipe =
  | { kind: "image"; checkpoint: string; controls: ReadonlyMap<string, Control> }
  /** By the server's name for it. */
  | { kind: "upscale"; upscaler: string };

export interface FoundModel {
  model: EngineModel;
  recipe: Recipe;
}

export interface Order {
  recipe: Recipe;
  task: EngineTask;
  /** The task's picture, without its notes. */
  image: { bytes: Uint8Array; format: "PNG" | "JPEG" } | null;
}

export interface WorkOptions {
  signal: AbortSignal;
  onProgress: (progress: EngineProgress) => void;
}

/** What the engine needs of a server, whichever it is. */
export interface Server {
  /** @throws {ServerSilent} */
  findModels(): Promise<FoundModel[]>;
  /** @throws {ServerSilent} */
  ping(): Promise<void>;
  /**
   * Does one order to its end. Aborted, it returns only when the server works on it no more, or answers no more.
   * @returns the pictures in order, as they came.
   * @throws {EngineError}
   */
  run(order: Order, options: WorkOptions): Promise<{ pictures: Uint8Array[]; notes: string[] }>;
  freeMemory(): Promise<void>;
}

export interface ServerTimings {
  /** How often a running job is asked about. */
  pollMs: number;
  /** How often a cancel that had no effect yet is repeated. */
  cancelMs: number;
  /** A server that answers nothing for so long is gone, and its jobs with it. */
  goneMs: number;
  /** A cancelled job that goes on for so long is left to itself. */
  stuckMs: number;
}
