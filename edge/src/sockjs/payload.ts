import type { Chunk } from "../stomp/decoder.ts";
import { decodeMessages } from "./frames.ts";
import type { Sending } from "./session-path.ts";
import type { Framing } from "./web-socket-carrier.ts";

/** What one request or message may bring: as much as a session may hold unread. */
const MAX_BYTES = 1024 * 1024;

/** Reads a body without believing what is said of its length. @returns null when it is too large. */
export async function readBody(body: ReadableStream<Uint8Array> | null): Promise<string | null> {
  if (!body) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) return null;
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

/**
 * What a request's body brings, or what is wrong with it in the protocol's words. A form has it in its field `d`.
 * Messages are pieces of one stream and may be cut anywhere, so that all of them together are read as one.
 */
export function readPayload(transport: Sending, contentType: string | null, body: string): { chunk: string } | { problem: string } {
  const isForm = transport === "jsonp_send" && (contentType ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded");
  const payload = isForm ? (new URLSearchParams(body).get("d") ?? "") : body;
  if (payload === "") return { problem: "Payload expected." };
  const messages = decodeMessages(payload);
  return messages ? { chunk: messages.join("") } : { problem: "Broken JSON encoding." };
}

/** What a WebSocket's message brings, or why the socket is to be closed. What is empty is ignored. */
export function readSocketMessage(framing: Framing, message: string | ArrayBuffer): { chunk: Chunk } | { code: number; problem: string } {
  const size = typeof message === "string" ? message.length : message.byteLength;
  if (size > MAX_BYTES) return { code: 1009, problem: "Message too large." };
  if (framing === "raw") return { chunk: typeof message === "string" ? message : new Uint8Array(message) };
  const text = typeof message === "string" ? message : new TextDecoder().decode(message);
  const messages = text === "" ? [] : decodeMessages(text);
  return messages ? { chunk: messages.join("") } : { code: 1002, problem: "Broken JSON encoding." };
}
