import { expect, test } from "vitest";
import { quotaPolicy, quotaState, windowPolicy } from "./rate-policy.ts";

const RATE = { capacity: 120, refillMs: 500 };

test("a policy names its quota and the seconds it is for", () => {
  expect(windowPolicy("read", { requests: 200, windowSeconds: 10 })).toBe('"read";q=200;w=10');
  expect(quotaPolicy("submit", RATE)).toBe('"submit";q=120;w=60');
});

test("the state of an exact limit says what is left and the seconds until all is there again", () => {
  expect(quotaState("submit", { rate: RATE, remaining: 7, resetMs: 56_400 })).toBe('"submit";r=7;t=57');
});
