import type { StompVersion } from "./frame.ts";

/** Servers and clients of 1.0 must be able to read these, so no version escapes them. STOMP is another name of CONNECT. */
const UNESCAPED_COMMANDS: ReadonlySet<string> = new Set(["CONNECT", "STOMP", "CONNECTED"]);

/** The escapes of a frame's headers: what follows the backslash, and what it stands for. */
function escapesOf(command: string, version: StompVersion): ReadonlyMap<string, string> | null {
  if (version === "1.0" || UNESCAPED_COMMANDS.has(command)) return null;
  return version === "1.1" ? ESCAPES_1_1 : ESCAPES_1_2;
}

const ESCAPES_1_1: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ["c", ":"],
  ["n", "\n"],
]);
const ESCAPES_1_2: ReadonlyMap<string, string> = new Map([...ESCAPES_1_1, ["r", "\r"]]);

const FRAMING = ["\r", "\n", "\0"];

export function escapeHeader(text: string, command: string, version: StompVersion): string {
  const escapes = escapesOf(command, version);
  let escaped = text;
  for (const [letter, char] of escapes ?? []) escaped = escaped.replaceAll(char, `\\${letter}`);
  // What this version cannot express must not get out raw: it would end the header, and what follows would be read as another.
  for (const char of FRAMING) escaped = escaped.replaceAll(char, " ");
  return escaped;
}

/** @returns null for an escape this version does not know, which ends the connection (1.2, "Value Encoding"). */
export function unescapeHeader(text: string, command: string, version: StompVersion): string | null {
  const escapes = escapesOf(command, version);
  if (!escapes || !text.includes("\\")) return text;
  let plain = "";
  let from = 0;
  for (let at = text.indexOf("\\"); at !== -1; at = text.indexOf("\\", from)) {
    const char = escapes.get(text.charAt(at + 1));
    if (char === undefined) return null;
    plain += text.slice(from, at) + char;
    from = at + 2;
  }
  return plain + text.slice(from);
}
