import { z } from "zod";
import { parseJson } from "../../outside.ts";
import type { NodeFailure } from "./failures.ts";
import { OutputFiles } from "./outputs.ts";
import { parsePythonJson } from "./python-json.ts";

/** What the server says of a job, by its own names. */
export type JobEvent =
  | { kind: "started"; promptId: string }
  | { kind: "cached"; promptId: string; nodes: string[] }
  /** `node` is null when the job is over, well or not. After a reconnect the id is missing: it tells nothing then. */
  | { kind: "executing"; promptId: string; node: string | null }
  | { kind: "progress"; promptId: string; node: string; value: number; max: number }
  | { kind: "executed"; promptId: string; node: string; files: OutputFiles }
  | { kind: "succeeded"; promptId: string }
  | { kind: "failed"; promptId: string; failure: NodeFailure }
  | { kind: "interrupted"; promptId: string };

/** A picture sent on the socket: a preview, or the result of a node that sends results so. */
export interface SentPicture {
  /** Null in the older form, which says neither. */
  promptId: string | null;
  bytes: Uint8Array;
}

const Id = z.object({ prompt_id: z.string() });
const Name = z.string().catch("");
export const ExecutionError = z
  .object({ node_type: Name, exception_type: Name, exception_message: Name })
  .transform((error): NodeFailure => ({
    nodeType: error.node_type,
    exceptionType: error.exception_type,
    exceptionMessage: error.exception_message,
  }));

const Message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("execution_start"), data: Id }),
  z.object({ type: z.literal("execution_cached"), data: Id.extend({ nodes: z.array(z.string()).catch([]) }) }),
  z.object({ type: z.literal("executing"), data: Id.extend({ node: z.string().nullable() }) }),
  z.object({ type: z.literal("progress"), data: Id.extend({ node: z.string(), value: z.number(), max: z.number() }) }),
  z.object({ type: z.literal("executed"), data: Id.extend({ node: z.string(), output: OutputFiles }) }),
  z.object({ type: z.literal("execution_success"), data: Id }),
  z.object({ type: z.literal("execution_error"), data: z.intersection(Id, ExecutionError) }),
  z.object({ type: z.literal("execution_interrupted"), data: Id }),
]);

/** A text frame about a job; null for all others (`status`, `feature_flags`, `progress_state`, what newer servers say). */
export function parseJobEvent(text: string): JobEvent | null {
  const parsed = Message.safeParse(parsePythonJson(text));
  if (!parsed.success) return null;
  const { type, data } = parsed.data;
  const promptId = data.prompt_id;
  switch (type) {
    case "execution_start":
      return { kind: "started", promptId };
    case "execution_cached":
      return { kind: "cached", promptId, nodes: data.nodes };
    case "executing":
      return { kind: "executing", promptId, node: data.node };
    case "progress":
      return { kind: "progress", promptId, node: data.node, value: data.value, max: data.max };
    case "executed":
      return { kind: "executed", promptId, node: data.node, files: data.output };
    case "execution_success":
      return { kind: "succeeded", promptId };
    case "execution_error": {
      const { nodeType, exceptionType, exceptionMessage } = data;
      return { kind: "failed", promptId, failure: { nodeType, exceptionType, exceptionMessage } };
    }
    case "execution_interrupted":
      return { kind: "interrupted", promptId };
  }
}

const PREVIEW = 1;
const PREVIEW_WITH_METADATA = 4;
const Metadata = z.object({ prompt_id: z.string() });

/** A binary frame with a picture; null for any other. The first four bytes say which kind it is. */
export function parseSentPicture(frame: Buffer): SentPicture | null {
  if (frame.length < 8) return null;
  const kind = frame.readUInt32BE(0);
  if (kind === PREVIEW) return { promptId: null, bytes: frame.subarray(8) };
  if (kind !== PREVIEW_WITH_METADATA) return null;
  const start = 8 + frame.readUInt32BE(4);
  if (start > frame.length) return null;
  const metadata = Metadata.safeParse(parseJson(frame.toString("utf8", 8, start)));
  return { promptId: metadata.data?.prompt_id ?? null, bytes: frame.subarray(start) };
}
