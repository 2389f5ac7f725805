/** What a worker thread and its pool say to each other. */
import type { RequestName, Requests, SceneResult } from "../requests.ts";
import type { RuntimeName } from "../runtime.ts";

export type Job = { [Name in RequestName]: { name: Name; request: Requests[Name] } }[RequestName];

export type ToWorker =
  | { type: "run"; id: number; job: Job; /** One number; not 0 once the job was cancelled. */ cancelled: SharedArrayBuffer }
  /** The pool has dealt with the step; the next one may come. */
  | { type: "proceed"; id: number }
  | { type: "preview"; id: number; previewId: number; step: number };

export type FromWorker =
  | { type: "ready"; runtime: RuntimeName }
  | { type: "unusable"; message: string }
  | { type: "step"; id: number; step: number; totalSteps: number }
  | { type: "preview"; previewId: number; bytes: Uint8Array | null }
  | { type: "done"; id: number; result: SceneResult }
  | { type: "failed"; id: number; message: string; isUnusableImage: boolean };
