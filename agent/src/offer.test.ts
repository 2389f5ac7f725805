import { expect, test } from "vitest";
import { freeSlots, reasonToReject } from "./offer.ts";

test.each([
  ["fits", "a1", 1, null],
  ["no slot", "a1", 0, "no free slot"],
  ["an id that is a path", "../../etc", 1, "an attempt id has letters, digits, _ and - only"],
] as const)("an offer: %s", (_, attemptId, free, reason) => {
  expect(reasonToReject(attemptId, free)).toBe(reason);
});

test.each([
  [{ free: 1, running: 1, unacknowledged: 5, isDraining: false }, 1],
  [{ free: 2, running: 0, unacknowledged: 0, isDraining: true }, 0],
  [{ free: 64, running: 0, unacknowledged: 99, isDraining: false }, 1],
  [{ free: 63, running: 1, unacknowledged: 99, isDraining: false }, 0],
  [{ free: 1, running: 0, unacknowledged: 500, isDraining: false }, 0],
])("free slots of %o are %i", (state, free) => {
  expect(freeSlots(state)).toBe(free);
});
