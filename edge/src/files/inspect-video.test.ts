import { describe, expect, test } from "vitest";
import { inspectResult } from "./inspect.ts";
import { anMp4, box, boxHead, FTYP, moov, track } from "./testing/mp4.ts";

const inspect = (...parts: Uint8Array[]) => inspectResult(new Uint8Array(Buffer.concat(parts)));
const VIDEO = { format: "MP4", width: 640, height: 480 };

describe("the head of an MP4", () => {
  test.each([
    ["with one track", [anMp4(640, 480)]],
    ["with sound before the picture", [FTYP, moov(track(0, 0), track(640, 480))]],
    ["with long times", [FTYP, moov(track(640, 480, 1))]],
    ["with other boxes around", [FTYP, box("free", Buffer.alloc(40)), moov(track(640, 480)), box("mdat", Buffer.alloc(99))]],
    ["whose pictures go on behind it", [FTYP, moov(track(640, 480)), boxHead("mdat", 0x7fffffff), Buffer.alloc(9)]],
    ["whose index goes on behind it", [FTYP, moov(track(640, 480), box("udta", Buffer.alloc(500))).subarray(0, 400)]],
  ])("says its size %s", (_what, parts) => {
    expect(inspect(...parts)).toEqual(VIDEO);
  });

  test.each([
    ["its index at the end, behind what was read", [FTYP, boxHead("mdat", 0x7fffffff), Buffer.alloc(9)]],
    ["no picture", [FTYP, moov(track(0, 0))]],
    ["no track", [FTYP, moov()]],
    ["no signature", [moov(track(640, 480))]],
    ["a box that says it is shorter than its own head", [FTYP, boxHead("moov", 4)]],
    ["a box in a box that is longer", [FTYP, box("moov", boxHead("trak", 0xffffffff))]],
  ])("is no result with %s", (_what, parts) => {
    expect(inspect(...parts)).toBeNull();
  });

  test("cut at any byte is the same video or none, and never an exception", () => {
    const whole = Buffer.concat([FTYP, moov(track(640, 480, 1), track(640, 480))]);
    for (let length = 0; length < whole.length; length++) expect([null, VIDEO]).toContainEqual(inspect(whole.subarray(0, length)));
  });
});
