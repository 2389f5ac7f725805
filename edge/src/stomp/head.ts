import type { StompVersion } from "./frame.ts";
import { unescapeHeader } from "./header-text.ts";
import { STOMP_LIMITS } from "./limits.ts";

export interface Head {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of the body, or null when it ends at the first NUL. */
  readonly contentLength: number | null;
}

/** Reads the lines before a frame's body. A problem is a text for the ERROR frame. */
export function parseHead(text: string, version: StompVersion): { head: Head } | { problem: string } {
  // 1.2 allows CR LF; a carriage return at the end of a line is never meant in 1.0 and 1.1 either.
  const [command = "", ...lines] = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.length > STOMP_LIMITS.headers) return { problem: "Too many headers" };
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line.length > STOMP_LIMITS.headerLineChars) return { problem: "A header is too long" };
    const colon = line.indexOf(":");
    if (colon < 1) return { problem: "A header line has no name or no colon" };
    const name = unescapeHeader(line.slice(0, colon), command, version);
    const value = unescapeHeader(line.slice(colon + 1), command, version);
    if (name === null || value === null) return { problem: "A header has an unknown escape" };
    // 1.0 writes "name: value" in its own examples; later versions count the space as part of the value.
    if (!headers.has(name)) headers.set(name, version === "1.0" ? value.trim() : value);
  }
  const length = headers.get("content-length");
  if (length === undefined) return { head: { command, headers, contentLength: null } };
  if (!/^\d{1,9}$/.test(length.trim())) return { problem: "content-length is not a number" };
  return { head: { command, headers, contentLength: Number(length) } };
}
