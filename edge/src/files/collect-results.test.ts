import { describe, expect, test } from "vitest";
import { collectResults } from "./collect-results.ts";
import type { Output } from "@star-graph/shared/work";
import type { StoredFile } from "./receive-upload.ts";

const FOLDER = "results/abc/";
const SUM = "a".repeat(64);

function aFile(name: string, over: Partial<StoredFile> = {}): StoredFile {
  return { key: FOLDER + name, size: 70, sha256: SUM, custom: { format: "PNG", width: "8", height: "16" }, ...over };
}

const both = (index: number) => [aFile(`${index}.png`), aFile(`${index}_thumb.webp`)];
const report = (...indices: number[]) => indices.map((index) => ({ index, sha256: SUM }));

const anOrder = (files: number, over: Partial<Output> = {}): Output => ({ files, width: 8, height: 16, isVideo: false, ...over });

describe("the results of an attempt", () => {
  test("are what is stored, in the order of their numbers, with what the edge measured", () => {
    const stored = [...both(1), ...both(0), ...both(10)];
    expect(collectResults(FOLDER, report(1, 0), stored, anOrder(2))).toEqual([
      { fileKey: "results/abc/0.png", thumbnailKey: "results/abc/0_thumb.webp", sizeBytes: 70, format: "PNG", width: 8, height: 16 },
      { fileKey: "results/abc/1.png", thumbnailKey: "results/abc/1_thumb.webp", sizeBytes: 70, format: "PNG", width: 8, height: 16 },
    ]);
  });

  test.each([
    ["a file is not there", report(0, 1), both(0)],
    ["a thumbnail is not there", report(0), [aFile("0.png")]],
    ["a number is left out", report(0, 2), [...both(0), ...both(2)]],
    ["a number is said twice", report(0, 0), both(0)],
    ["only a longer number is there", report(0, 1), [...both(0), ...both(10)]],
    ["it is another attempt's", report(0), both(0).map((file) => ({ ...file, key: file.key.replace("abc", "xyz") }))],
    ["it was never measured", report(0), both(0).map((file) => ({ ...file, custom: {} }))],
    ["it was measured as nothing", report(0), both(0).map((file) => ({ ...file, custom: { format: "PNG", width: "0", height: "1" } }))],
  ])("are missing when %s", (_why, reported, stored) => {
    expect(collectResults(FOLDER, reported, stored, anOrder(reported.length))).toEqual({
      missing: expect.stringContaining("or its thumbnail"),
    });
  });

  test("are missing when what is stored is not what was reported", () => {
    const stored = [aFile("0.png", { sha256: "b".repeat(64) }), aFile("0_thumb.png")];
    expect(collectResults(FOLDER, report(0), stored, anOrder(1))).toEqual({ missing: "file 0 with the reported checksum" });
  });

  test.each([
    ["fewer files", report(0), anOrder(2), "2 files (1 came)"],
    ["more files", report(0, 1), anOrder(1), "1 files (2 came)"],
    ["another width", report(0), anOrder(1, { width: 1024 }), "a picture of 1024x16 as file 0 (a PNG of 8x16 came)"],
    ["another height", report(0), anOrder(1, { height: 1024 }), "a picture of 8x1024 as file 0 (a PNG of 8x16 came)"],
    ["a picture for a video", report(0), anOrder(1, { isVideo: true }), "a video of 8x16 as file 0 (a PNG of 8x16 came)"],
  ])("are missing when the agent brings %s than was ordered", (_what, reported, ordered, missing) => {
    expect(collectResults(FOLDER, reported, [...both(0), ...both(1)], ordered)).toEqual({ missing });
  });
});
