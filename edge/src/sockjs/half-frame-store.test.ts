import { expect, test } from "vitest";
import { type Chunk, FrameDecoder } from "../stomp/decoder.ts";
import { HalfFrameStore, type PieceStorage } from "./half-frame-store.ts";

class MemoryStorage implements PieceStorage {
  readonly rows = new Map<string, Chunk>();

  list(): Iterable<[string, Chunk]> {
    return [...this.rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  put(key: string, value: Chunk): void {
    this.rows.set(key, structuredClone(value));
  }

  delete(key: string): boolean {
    return this.rows.delete(key);
  }
}

const BODY = "猫🐱".repeat(60);
const FRAME = new TextEncoder().encode(`SEND\ndestination:/app/x\n\n${BODY}\0`);

/** Reads a chunk as a session does that sleeps after every message. */
function receive(storage: MemoryStorage, chunk: Uint8Array): string[] {
  const decoder = new FrameDecoder();
  const store = new HalfFrameStore(storage);
  store.load(decoder);
  decoder.push(chunk);
  const bodies: string[] = [];
  for (let decoded = decoder.next("1.2"); decoded.type !== "incomplete"; decoded = decoder.next("1.2")) {
    bodies.push(decoded.type === "frame" ? decoded.frame.body : "broken");
  }
  store.save(decoder, chunk, bodies.length > 0);
  return bodies;
}

test("keeps a half frame over any number of sleeps, in a bounded number of pieces", () => {
  const storage = new MemoryStorage();
  const bodies: string[] = [];
  let mostPieces = 0;
  for (const byte of FRAME) {
    bodies.push(...receive(storage, Uint8Array.of(byte)));
    mostPieces = Math.max(mostPieces, storage.rows.size);
  }
  expect(bodies).toEqual([BODY]);
  expect(mostPieces).toBe(64);
  expect(storage.rows.size).toBe(0);
});

test("keeps only the tail of a chunk that also ended a frame", () => {
  const storage = new MemoryStorage();
  receive(storage, FRAME.slice(0, 50));
  expect(receive(storage, Uint8Array.of(...FRAME.slice(50), ...FRAME.slice(0, 9)))).toEqual([BODY]);
  expect([...storage.rows.values()]).toEqual([FRAME.slice(0, 9)]);
  expect(receive(storage, FRAME.slice(9))).toEqual([BODY]);
});

test("writes nothing for whole frames and beats", () => {
  const storage = new MemoryStorage();
  receive(storage, FRAME);
  receive(storage, Uint8Array.of(10));
  expect(storage.rows.size).toBe(0);
});
