import { expect, test } from "vitest";
import { backoffMs, retryAfterMs } from "./backoff.ts";

const LIMITS = { baseMs: 500, capMs: 30_000 };

test("the longest wait doubles from the base up to the cap", () => {
  const longest = [0, 1, 2, 5, 6, 60, 5000].map((failures) => backoffMs(failures, 0.999_999, LIMITS));
  expect(longest).toEqual([499, 999, 1999, 15_999, 29_999, 29_999, 29_999]);
});

test("jitter is full: any wait from none to the longest", () => {
  expect(backoffMs(10, 0, LIMITS)).toBe(0);
  expect(backoffMs(10, 0.5, LIMITS)).toBe(15_000);
});

test.each([
  ["2", 2000],
  ["86400", 300_000],
  ["Wed, 21 Oct 2026 07:28:00 GMT", 0],
  ["-1", 0],
  [undefined, 0],
])("Retry-After %s waits %i ms", (header, expected) => {
  expect(retryAfterMs(header)).toBe(expected);
});
