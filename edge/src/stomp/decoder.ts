import type { Frame, StompVersion } from "./frame.ts";
import { type Head, parseHead } from "./head.ts";
import { STOMP_LIMITS } from "./limits.ts";

/** A piece of the byte stream as it came: clients cut frames anywhere, and put several into one message. */
export type Chunk = string | Uint8Array;

type Decoded = { type: "frame"; frame: Frame } | { type: "incomplete" } | { type: "broken"; problem: string };

const NOTHING = new Uint8Array(0);
const NUL = 0;
const LF = 10;
const CR = 13;

/**
 * Turns chunks into frames. Frames are pulled one at a time, because the version that a CONNECT settles
 * decides how the next frame of the same chunk is read. Work is linear in the input however small the pieces.
 * Once broken it stays broken: nothing after the fault can be trusted to be where a frame begins.
 */
export class FrameDecoder {
  #bytes = NOTHING;
  #start = 0;
  #end = 0;
  /** Everything before this has been searched without finding the end of the head or body. */
  #searched = 0;
  #open: { head: Head; bodyStart: number } | null = null;
  /** SockJS clients cut at UTF-16 units, so half a character can end one text and begin the next. */
  #highSurrogate = "";
  #problem: string | null = null;

  push(chunk: Chunk): void {
    if (this.#problem !== null) return;
    const bytes = typeof chunk === "string" ? this.#encode(chunk) : chunk;
    if (this.#end - this.#start + bytes.byteLength > STOMP_LIMITS.bufferedBytes) {
      this.#break("Too much input at once");
      return;
    }
    this.#append(bytes);
  }

  next(version: StompVersion): Decoded {
    if (this.#problem === null && !this.#open) this.#readHead(version);
    const frame = this.#problem === null && this.#open ? this.#readBody(this.#open) : null;
    if (this.#problem !== null) return { type: "broken", problem: this.#problem };
    if (frame) return { type: "frame", frame };
    if (this.#end - this.#start > STOMP_LIMITS.frameBytes) return { type: "broken", problem: this.#break("The frame is too large") };
    // A quiet session keeps no buffer.
    if (this.#end === this.#start) this.#reset();
    return { type: "incomplete" };
  }

  /** What a new decoder must be pushed to go on from here; empty between frames. Ask after `next` said "incomplete". */
  pending(): Chunk[] {
    const chunks: Chunk[] = this.#end > this.#start ? [this.#bytes.slice(this.#start, this.#end)] : [];
    return this.#highSurrogate === "" ? chunks : [...chunks, this.#highSurrogate];
  }

  #readHead(version: StompVersion): void {
    // End-of-lines between frames are heart-beats.
    while (this.#start < this.#end && (this.#bytes[this.#start] === LF || this.#bytes[this.#start] === CR)) this.#start += 1;
    this.#searched = Math.max(this.#searched, this.#start);
    const end = this.#findHeadEnd();
    if (end === null) return;
    if (end.headEnd - this.#start > STOMP_LIMITS.frameBytes) return void this.#break("The frame is too large");
    const text = decodeStrictly(this.#bytes.subarray(this.#start, end.headEnd));
    if (text === null) return void this.#break("The headers are not UTF-8");
    const parsed = parseHead(text, version);
    if ("problem" in parsed) return void this.#break(parsed.problem);
    this.#open = { head: parsed.head, bodyStart: end.bodyStart };
    this.#searched = end.bodyStart;
  }

  /** The head ends at a line feed that is followed by an empty line. */
  #findHeadEnd(): { headEnd: number; bodyStart: number } | null {
    const bytes = this.#bytes.subarray(0, this.#end);
    for (let at = bytes.indexOf(LF, this.#searched); at !== -1; at = bytes.indexOf(LF, at + 1)) {
      if (bytes.subarray(this.#searched, at).includes(NUL)) break;
      const afterCr = bytes[at + 1] === CR ? at + 2 : at + 1;
      this.#searched = at;
      if (afterCr >= this.#end) return null;
      if (bytes[afterCr] === LF) return { headEnd: at, bodyStart: afterCr + 1 };
    }
    if (bytes.subarray(this.#searched).includes(NUL)) return this.#fail("The frame ends inside its headers");
    this.#searched = this.#end;
    return null;
  }

  #readBody({ head, bodyStart }: { head: Head; bodyStart: number }): Frame | null {
    const end = this.#findBodyEnd(head, bodyStart);
    if (end === null) return null;
    if (end - this.#start > STOMP_LIMITS.frameBytes) return this.#fail("The frame is too large");
    if (this.#bytes[end] !== NUL) return this.#fail("The body is not followed by NUL");
    // A body that is no UTF-8 is the sender's own trouble (it is no JSON either), not the end of the connection.
    const body = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(this.#bytes.subarray(bodyStart, end));
    this.#open = null;
    this.#start = this.#searched = end + 1;
    return { command: head.command, headers: head.headers, body };
  }

  #findBodyEnd({ contentLength }: Head, bodyStart: number): number | null {
    if (contentLength !== null) {
      const end = bodyStart + contentLength;
      if (end - this.#start > STOMP_LIMITS.frameBytes) return this.#fail("The frame is too large");
      return end < this.#end ? end : null;
    }
    const end = this.#bytes.subarray(0, this.#end).indexOf(NUL, this.#searched);
    if (end === -1) this.#searched = this.#end;
    return end === -1 ? null : end;
  }

  #encode(text: string): Uint8Array {
    const joined = this.#highSurrogate + text;
    const last = joined.charCodeAt(joined.length - 1);
    const isCut = last >= 0xd800 && last <= 0xdbff;
    this.#highSurrogate = isCut ? joined.slice(-1) : "";
    return new TextEncoder().encode(isCut ? joined.slice(0, -1) : joined);
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.byteLength > this.#bytes.byteLength) {
      const unread = this.#bytes.subarray(this.#start, this.#end);
      const grown = new Uint8Array(Math.max(1024, 2 * (unread.byteLength + bytes.byteLength)));
      grown.set(unread);
      if (this.#open) this.#open.bodyStart -= this.#start;
      this.#searched -= this.#start;
      this.#end = unread.byteLength;
      this.#start = 0;
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.byteLength;
  }

  #reset(): void {
    this.#bytes = NOTHING;
    this.#start = this.#end = this.#searched = 0;
    this.#open = null;
  }

  #break(problem: string): string {
    this.#problem = problem;
    this.#reset();
    this.#highSurrogate = "";
    return problem;
  }

  #fail(problem: string): null {
    this.#break(problem);
    return null;
  }
}

function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
