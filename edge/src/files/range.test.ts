import { expect, test } from "vitest";
import { parseRange } from "./range.ts";

test.each([
  ["bytes=0-0", { offset: 0, length: 1 }],
  ["bytes=0-9", { offset: 0, length: 10 }],
  ["bytes=3-5", { offset: 3, length: 3 }],
  ["bytes=3-", { offset: 3, length: 7 }],
  ["bytes=-3", { offset: 7, length: 3 }],
  ["bytes=9-", { offset: 9, length: 1 }],
  ["bytes=5-99999999999999999999", { offset: 5, length: 5 }],
  ["bytes=-99999999999999999999", { offset: 0, length: 10 }],
  [" Bytes=0-1 ", { offset: 0, length: 2 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=99999999999999999999-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-4", null],
  ["bytes=-", null],
  ["bytes=", null],
  ["bytes=0-1,3-4", null],
  ["bytes=a-b", null],
  ["bytes=-1-2", null],
  ["lines=0-1", null],
  ["", null],
])("%s of ten bytes is %o", (header, range) => {
  expect(parseRange(header, 10)).toEqual(range);
});

test("nothing can be had of an empty file", () => {
  expect(["bytes=0-", "bytes=-1", "bytes=0-0"].map((header) => parseRange(header, 0))).toEqual(Array(3).fill("unsatisfiable"));
});
