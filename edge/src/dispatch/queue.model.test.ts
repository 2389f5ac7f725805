import { describe, expect, test } from "vitest";
import { BadDay } from "./testing/bad-day.ts";

const SEEDS_PER_TEST = 10;
const EVENTS = 300;

/** What went wrong in that run; null when nothing did. */
async function troubleOf(seed: number): Promise<string | null> {
  const day = new BadDay(seed);
  let event = 0;
  try {
    for (; event < EVENTS; event++) {
      await day.step();
      day.check();
    }
    await day.recover();
    day.checkTheEnd();
    return null;
  } catch (error) {
    return `seed ${seed}, event ${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

describe("a shard on a bad day", () => {
  test.each(Array.from({ length: 20 }, (_, index) => 1 + index * SEEDS_PER_TEST))(
    "loses no task, runs none twice and ends each (10 seeds from %i)",
    async (from) => {
      for (let seed = from; seed < from + SEEDS_PER_TEST; seed++) expect(await troubleOf(seed)).toBeNull();
    },
  );
});
