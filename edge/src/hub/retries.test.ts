import { expect, test } from "vitest";
import { Retries, type Retry } from "./retries.ts";

const SESSION = { objectId: "s", name: "first" };
const MINUTE = 60_000;

function surroundings() {
  const rows = new Map<string, Retry>();
  const storage = { save: (retry: Retry) => void rows.set(retry.objectId, retry), delete: (id: string) => void rows.delete(id) };
  return { rows, retries: new Retries([], storage), again: () => new Retries(rows.values(), storage) };
}

/** When it is tried, from its first failure until it is given up. */
function triesOf(reason: string | null): number[] {
  const { retries, rows } = surroundings();
  const at: number[] = [];
  for (let now = 0; retries.failed(SESSION, reason, now); now = retries.earliestDue() ?? 0) {
    expect(retries.isResting("s", now)).toBe(true);
    at.push(now);
  }
  expect(rows.size).toBe(0);
  return at;
}

test("a session that cannot be reached is tried less and less often, and not for ever", () => {
  const tries = triesOf(null);
  expect(tries.slice(0, 7)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
  expect(tries[7]).toBe(123_000);
  expect(tries.at(-1)).toBeLessThan(10 * MINUTE);
  expect(triesOf("logged out").at(-1)).toBeGreaterThan(55 * MINUTE);
});

test("one that is to end is noted before it is tried, and is still known after an eviction", () => {
  const { retries, again } = surroundings();
  retries.oweEnd(SESSION, "logged out", 0);
  expect(again().due(999)).toEqual([]);
  expect(again().due(1_000)).toMatchObject([{ ...SESSION, reason: "logged out" }]);
  retries.clear("s", "first");
  expect(again().earliestDue()).toBeNull();
});

test("a session of the same object that came later is not mistaken for it", () => {
  const { retries } = surroundings();
  retries.failed({ objectId: "s", name: "second" }, null, 0);
  retries.clear("s", "first");
  expect(retries.isResting("s", 0)).toBe(true);
  retries.clear("s", "second");
  expect(retries.isResting("s", 0)).toBe(false);
});
