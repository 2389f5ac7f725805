import { expect, test } from "vitest";
import { chargeShare, forgottenUsage, refundShare, usageMs, weightOf } from "./fair-share.ts";

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

test("what a user was given is added up, and divided by the user's weight", () => {
  const first = chargeShare(0, 10_000, 1, NOW);
  const second = chargeShare(first.usage, 20_000, 4, NOW);
  expect(usageMs(first.usage, NOW)).toBeCloseTo(10_000, 3);
  expect(usageMs(second.usage, NOW)).toBeCloseTo(15_000, 3);
});

test("it fades by half every ten minutes, for everybody alike", () => {
  const { usage: early } = chargeShare(0, 10_000, 1, NOW);
  const { usage: late } = chargeShare(0, 6_000, 1, NOW + 10 * MINUTE);
  expect(usageMs(early, NOW + 10 * MINUTE)).toBeCloseTo(5_000, 3);
  expect(early).toBeLessThan(late);
  expect(early).toBeGreaterThan(forgottenUsage(NOW + 120 * MINUTE));
  expect(early).toBeLessThan(forgottenUsage(NOW + 150 * MINUTE));
});

test("a charge that nothing came of is given back, whatever was charged since", () => {
  const first = chargeShare(0, 10_000, 1, NOW);
  const second = chargeShare(first.usage, 30_000, 1, NOW + MINUTE);
  const third = chargeShare(second.usage, 5_000, 1, NOW + 2 * MINUTE);
  const left = refundShare(third.usage, second.charge);
  const without = chargeShare(first.usage, 5_000, 1, NOW + 2 * MINUTE);
  expect(left).toBeCloseTo(without.usage, 6);
  expect(refundShare(refundShare(left, first.charge), third.charge)).toBe(0);
  expect(refundShare(first.usage, 0)).toBe(first.usage);
});

test("the weight is the level's, until it ends", () => {
  expect([0, 1, 2, 3].map((level) => weightOf({ level, until: null }, NOW))).toEqual([1, 2, 3, 4]);
  expect(weightOf(null, NOW)).toBe(1);
  expect(weightOf({ level: 3, until: NOW + 1 }, NOW)).toBe(4);
  expect(weightOf({ level: 3, until: NOW }, NOW)).toBe(1);
});
