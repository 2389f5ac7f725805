import { z } from "zod";
import { ExecutionError } from "./events.ts";
import type { NodeFailure } from "./failures.ts";
import { OutputFiles, type Outputs } from "./outputs.ts";

/** How a job ended. */
export type HistoryEntry =
  | { end: "succeeded"; outputs: Outputs }
  | { end: "failed"; failure: NodeFailure }
  /** Told from a failure by nothing but the list of messages. */
  | { end: "interrupted" };

const Entry = z.object({
  outputs: z.record(z.string(), OutputFiles).catch({}),
  status: z
    .object({ status_str: z.string().catch(""), messages: z.array(z.tuple([z.string(), z.unknown()]).rest(z.unknown())).catch([]) })
    .nullish(),
});

/** The entry of a job in an answer to `GET /history/<id>`; null when it is not there, which alone says little. */
export function parseHistory(body: unknown, promptId: string): HistoryEntry | null {
  const all = z.record(z.string(), z.unknown()).safeParse(body);
  const entry = Entry.safeParse(all.data?.[promptId]);
  if (!entry.success) return null;
  const { outputs, status } = entry.data;
  const messages = status?.messages ?? [];
  if (messages.some(([type]) => type === "execution_interrupted")) return { end: "interrupted" };
  const error = messages.find(([type]) => type === "execution_error");
  if (error || status?.status_str === "error") {
    const nothing = { nodeType: "a node", exceptionType: "", exceptionMessage: "" };
    return { end: "failed", failure: ExecutionError.safeParse(error?.[1]).data ?? nothing };
  }
  return { end: "succeeded", outputs: new Map(Object.entries(outputs)) };
}

const Queued = z.array(z.tuple([z.unknown(), z.string()]).rest(z.unknown())).catch([]);
const Queue = z.object({ queue_running: Queued, queue_pending: Queued });

export interface ServerQueue {
  running: string[];
  waiting: string[];
}

/** @returns null when the answer is none. */
export function parseQueue(body: unknown): ServerQueue | null {
  const parsed = Queue.safeParse(body);
  const idsOf = (entries: z.infer<typeof Queued>) => entries.map(([, id]) => id);
  return parsed.success ? { running: idsOf(parsed.data.queue_running), waiting: idsOf(parsed.data.queue_pending) } : null;
}
