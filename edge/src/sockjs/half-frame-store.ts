import type { Chunk, FrameDecoder } from "../stomp/decoder.ts";

const PREFIX = "half-frame:";
/** A peer that sends a frame byte by byte costs a row each time; this many are put together again. */
const MAX_PIECES = 64;

/** The part of an object's key-value storage that is used. */
export interface PieceStorage {
  list(options: { prefix: string }): Iterable<[string, Chunk]>;
  put(key: string, piece: Chunk): void;
  delete(key: string): boolean;
}

/**
 * Keeps the beginning of a frame whose rest has not come yet, for the time the object sleeps. Pieces are
 * appended as they come, so that a frame in many pieces is not written anew with each of them.
 */
export class HalfFrameStore {
  readonly #kv: PieceStorage;
  #pieces: number;

  constructor(kv: PieceStorage) {
    this.#kv = kv;
    this.#pieces = [...kv.list({ prefix: PREFIX })].length;
  }

  load(decoder: FrameDecoder): void {
    for (const [, chunk] of this.#kv.list({ prefix: PREFIX })) decoder.push(chunk);
  }

  /** @param tookFrames whether the chunk also ended a frame, so that only its tail still matters. */
  save(decoder: FrameDecoder, chunk: Chunk, tookFrames: boolean): void {
    const pending = decoder.pending();
    if (pending.length > 0 && !tookFrames && this.#pieces < MAX_PIECES) {
      this.#append(chunk);
      return;
    }
    this.clear();
    for (const piece of pending) this.#append(piece);
  }

  clear(): void {
    for (let piece = 0; piece < this.#pieces; piece += 1) this.#kv.delete(keyOf(piece));
    this.#pieces = 0;
  }

  #append(chunk: Chunk): void {
    this.#kv.put(keyOf(this.#pieces), chunk);
    this.#pieces += 1;
  }
}

function keyOf(piece: number): string {
  return PREFIX + String(piece).padStart(4, "0");
}
