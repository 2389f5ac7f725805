import { describe, expect, test } from "vitest";
import { randomFor } from "./random.ts";

const first = (seed: number, purpose = "test"): number => randomFor(seed, purpose).next();

describe("randomFor", () => {
  test("repeats itself for the same seed and purpose", () => {
    expect(first(42)).toBe(first(42));
  });

  test("tells seeds apart that differ in the lowest or the highest of their 53 bits", () => {
    const seeds = [0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1, 2 ** 53 - 2];
    expect(new Set(seeds.map((seed) => first(seed))).size).toBe(seeds.length);
  });

  test("gives each purpose its own stream", () => {
    expect(first(42, "clouds")).not.toBe(first(42, "stars"));
  });

  test("draws normal numbers with mean 0 and deviation 1", () => {
    const random = randomFor(7, "normal");
    const values = Array.from({ length: 4000 }, () => random.gaussian());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 0);
  });
});
