import { decodeMessages } from "./frames.ts";
import type { Sending } from "./session-path.ts";

/** What one request may bring: as much as a session may hold unread. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Reads a body without believing what is said of its length. @returns null when it is too large. */
export async function readBody(body: ReadableStream<Uint8Array> | null): Promise<string | null> {
  if (!body) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(whole);
}

/** The messages in a request's body, or what is wrong with it in the protocol's words. A form has them in its field `d`. */
export function readPayload(
  transport: Sending,
  contentType: string | null,
  body: string,
): { messages: readonly string[] } | { problem: string } {
  const isForm = transport === "jsonp_send" && (contentType ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded");
  const payload = isForm ? (new URLSearchParams(body).get("d") ?? "") : body;
  if (payload === "") return { problem: "Payload expected." };
  const messages = decodeMessages(payload);
  return messages ? { messages } : { problem: "Broken JSON encoding." };
}
