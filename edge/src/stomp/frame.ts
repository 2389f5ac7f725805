import { escapeHeader } from "./header-text.ts";

export const STOMP_VERSIONS = ["1.2", "1.1", "1.0"] as const;
export type StompVersion = (typeof STOMP_VERSIONS)[number];

export interface Frame {
  readonly command: string;
  /** Already unescaped. Of a repeated header the first counts. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

type FrameHeaders = Readonly<Record<string, string | undefined>>;

/** One whole frame as text; headers that are undefined are left out, and `content-length` is added when there is a body. */
export function encodeFrame(version: StompVersion, command: string, headers: FrameHeaders, body = ""): string {
  const lines = [command];
  const length = body === "" ? undefined : String(new TextEncoder().encode(body).byteLength);
  for (const [name, value] of Object.entries({ ...headers, "content-length": length })) {
    if (value !== undefined) lines.push(`${escapeHeader(name, command, version)}:${escapeHeader(value, command, version)}`);
  }
  return `${lines.join("\n")}\n\n${body}\0`;
}
