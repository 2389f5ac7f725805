import { expect, test } from "vitest";
import { withMoovFirst } from "./moov-first.ts";

const u32 = (n: number) => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
const u64 = (n: number) => Buffer.concat([u32(0), u32(n)]);
const box = (name: string, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), Buffer.from(name, "latin1"), body]);
};
const ftyp = box("ftyp", Buffer.from("isom"), u32(0));
const mdat = box("mdat", Buffer.from("first chunk, second chunk"));
const FIRST = ftyp.length + 8;
const SECOND = FIRST + "first chunk, ".length;
const moovOf = (shift: number) => {
  const short = box("stco", u32(0), u32(2), u32(FIRST + shift), u32(SECOND + shift));
  const long = box("co64", u32(0), u32(1), u64(FIRST + shift));
  const track = (table: Buffer) => box("trak", box("mdia", box("minf", box("stbl", table))));
  return box("moov", box("mvhd", u32(7)), track(short), track(long));
};
const moov = moovOf(0);
const free = box("free");

test("the index comes first, and finds its chunks where they are now", () => {
  const moved = Buffer.from(withMoovFirst(Buffer.concat([ftyp, mdat, moov, free])));
  expect(moved).toEqual(Buffer.concat([ftyp, moovOf(moov.length), mdat, free]));
  expect(moved.toString("latin1", SECOND + moov.length)).toMatch(/^second chunk/);
});

test("what needs no change comes back as it is", () => {
  for (const file of [Buffer.concat([ftyp, moov, mdat]), Buffer.concat([ftyp, mdat]), Buffer.from("no video"), Buffer.alloc(0)]) {
    expect(withMoovFirst(file)).toBe(file);
  }
});

test("a file cut anywhere is no exception", () => {
  const file = Buffer.concat([ftyp, mdat, moov]);
  for (let length = 0; length < file.length; length++) expect(withMoovFirst(file.subarray(0, length))).toHaveLength(length);
});
