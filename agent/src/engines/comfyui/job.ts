import type { EngineProgress } from "../engine.ts";
import type { JobEvent } from "./events.ts";
import type { NodeFailure } from "./failures.ts";
import type { Graph } from "./graph.ts";
import type { HistoryEntry } from "./history.ts";
import { advance, type JobProgress, progressOfGraph } from "./job-progress.ts";
import type { Outputs, ServerFile } from "./outputs.ts";

/** Sends its pictures on the socket and leaves no file. */
const SENDS_RESULTS = "SaveImageWebsocket";

export type JobEnd =
  | { kind: "succeeded"; outputs: Outputs; sent: readonly Uint8Array[] }
  | { kind: "failed"; failure: NodeFailure }
  | { kind: "interrupted" }
  /** The server knows nothing of it any more. */
  | { kind: "lost" }
  /** Cancelled, and it goes on all the same. */
  | { kind: "stuck" };

/** What is known of a job from messages; the server's history is asked besides. */
export interface Job {
  graph: Graph;
  progress: JobProgress;
  outputs: ReadonlyMap<string, readonly ServerFile[]>;
  sent: readonly Uint8Array[];
  /** How it ended, as messages tell: it counts when the history has nothing. */
  told: JobEnd | null;
}

export type JobEffect =
  | { kind: "report"; progress: EngineProgress }
  /** It is over: the history knows how. */
  | { kind: "over" };

export function newJob(graph: Graph): Job {
  return { graph, progress: progressOfGraph(graph), outputs: new Map(), sent: [], told: null };
}

export function onJobEvent(job: Job, event: JobEvent): { job: Job; effects: JobEffect[] } {
  const { state: progress, report } = advance(job.progress, event);
  const effects: JobEffect[] = report ? [{ kind: "report", progress: report }] : [];
  const moved = { ...job, progress };
  switch (event.kind) {
    case "executing":
      // Before this the history may still be empty, even when success has been told.
      return { job: moved, effects: event.node === null ? [...effects, { kind: "over" }] : effects };
    case "executed":
      return { job: { ...moved, outputs: new Map(job.outputs).set(event.node, event.files) }, effects };
    case "succeeded":
      return { job: { ...moved, told: { kind: "succeeded", outputs: moved.outputs, sent: moved.sent } }, effects };
    case "failed":
      return { job: { ...moved, told: { kind: "failed", failure: event.failure } }, effects };
    case "interrupted":
      return { job: { ...moved, told: { kind: "interrupted" } }, effects };
    case "started":
    case "cached":
    case "progress":
      return { job: moved, effects };
  }
}

/** A picture that came on the socket: a result where the node at work sends those, otherwise a preview. */
export function onJobPicture(job: Job, bytes: Uint8Array): { job: Job; effects: JobEffect[] } {
  const { current, newest } = job.progress;
  const className = current === null ? undefined : job.graph[current]?.class_type;
  if (className === SENDS_RESULTS) return { job: { ...job, sent: [...job.sent, Uint8Array.from(bytes)] }, effects: [] };
  // The frame is a piece of the socket's buffer, and is looked at later if at all.
  const picture = Uint8Array.from(bytes);
  return { job, effects: [{ kind: "report", progress: { ...newest, preview: async () => picture } }] };
}

/** How a job ended, from what the server answers about it; null while it is waiting or running. */
export function judgeJob(job: Job, entry: HistoryEntry | null, isQueued: boolean): JobEnd | null {
  if (entry) {
    switch (entry.end) {
      case "succeeded":
        return { kind: "succeeded", outputs: entry.outputs.size > 0 ? entry.outputs : job.outputs, sent: job.sent };
      case "failed":
        return { kind: "failed", failure: entry.failure };
      case "interrupted":
        return { kind: "interrupted" };
    }
  }
  if (isQueued) return null;
  // Somebody emptied the history: what the messages told is left.
  if (job.told?.kind === "succeeded") return { kind: "succeeded", outputs: job.outputs, sent: job.sent };
  return job.told ?? { kind: "lost" };
}
