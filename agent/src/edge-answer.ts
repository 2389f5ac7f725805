import { z } from "zod";
import { parseJson } from "./outside.ts";

/** Every answer of an edge (spec 3.2). */
const Envelope = z.object({ code: z.union([z.number(), z.string()]), message: z.string(), timestamp: z.number(), requestId: z.string() });
const MAX_BYTES = 64 * 1024;

/** For the log, after a status. */
export const NOT_THE_EDGE = "from something that is not the edge";

/**
 * What the edge says with an answer. Null when it is not the edge that answers: a firewall, the sign-in page of a network, the
 * host of an edge that is being updated. Whatever status such a box gives, it knows nothing of tasks and keys.
 */
export async function wordsOfEdge(body: AsyncIterable<Buffer>): Promise<string | null> {
  const envelope = Envelope.safeParse(parseJson(await readBounded(body)));
  return envelope.success ? envelope.data.message.slice(0, 500) : null;
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}
