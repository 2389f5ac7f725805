import { expect, test } from "vitest";
import { countSubmit } from "./submit-limit.ts";

const RATE = { capacity: 2, refillMs: 1_500 };
const NOW = Date.UTC(2026, 0, 1);

test("counts submissions down exactly, refuses the one too many, and takes one again after the wait that it named", () => {
  const first = countSubmit(RATE, null, NOW);
  expect(first).toEqual({ fullAt: NOW + 1_500, quota: { rate: RATE, remaining: 1, resetMs: 1_500, retryAfterSeconds: 0 } });
  const second = countSubmit(RATE, first.fullAt, NOW);
  expect(second).toEqual({ fullAt: NOW + 3_000, quota: { rate: RATE, remaining: 0, resetMs: 3_000, retryAfterSeconds: 2 } });
  const refused = countSubmit(RATE, second.fullAt, NOW);
  expect(refused).toEqual({ fullAt: null, quota: { rate: RATE, remaining: 0, resetMs: 3_000, retryAfterSeconds: 2 } });
  expect(countSubmit(RATE, second.fullAt, NOW + 2_000).fullAt).toBe(NOW + 4_500);
});

test("says nothing is missing once the user has waited long enough", () => {
  expect(countSubmit(RATE, NOW, NOW + 60_000)).toMatchObject({ fullAt: NOW + 61_500, quota: { remaining: 1 } });
});
