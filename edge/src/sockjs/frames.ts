/** What SockJS carries: messages are texts, and frames are what one side sends of them (SockJS 0.3.3, "Protocol and framing"). */

export const OPEN_FRAME = "o";
export const HEARTBEAT_FRAME = "h";

/** Browsers have mangled or refused these; JSON itself leaves them as they are. Lone surrogates it escapes already. */
const ESCAPED = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g;

export function messagesFrame(messages: readonly string[]): string {
  return `a${toJson(messages)}`;
}

export function closeFrame(code: number, reason: string): string {
  return `c${toJson([code, reason])}`;
}

export function toJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

/** What a client sends: an array of messages, or on a WebSocket a single one. @returns null when it is neither. */
export function decodeMessages(text: string): readonly string[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed === "string") return [parsed];
  return Array.isArray(parsed) && parsed.every((one) => typeof one === "string") ? parsed : null;
}
