import { describe, expect, test } from "vitest";
import { remaining, take, waitMs } from "./token-bucket.ts";

const RATE = { capacity: 3, refillMs: 1_000 };
const NOW = Date.UTC(2026, 0, 1);

describe("a bucket of three", () => {
  test("gives three at once and then none", () => {
    let fullAt: number | null = null;
    for (const left of [2, 1, 0]) {
      fullAt = take(RATE, fullAt, NOW);
      expect(remaining(RATE, fullAt, NOW)).toBe(left);
    }
    expect(take(RATE, fullAt, NOW)).toBeNull();
    expect(waitMs(RATE, fullAt, NOW)).toBe(1_000);
  });

  test("gives one more for each second waited, and never more than three", () => {
    const empty = NOW + 3_000;
    expect(take(RATE, empty, NOW + 999)).toBeNull();
    expect(waitMs(RATE, empty, NOW + 999)).toBe(1);
    expect(take(RATE, empty, NOW + 1_000)).toBe(NOW + 4_000);
    expect([1_000, 2_500, 3_000, 9_000].map((ms) => remaining(RATE, empty, NOW + ms))).toEqual([1, 2, 3, 3]);
    expect(waitMs(RATE, empty, NOW + 9_000)).toBe(0);
  });

  test("is full when nothing is known of it", () => {
    expect([remaining(RATE, null, NOW), waitMs(RATE, null, NOW), take(RATE, null, NOW)]).toEqual([3, 0, NOW + 1_000]);
  });
});
