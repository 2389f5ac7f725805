import { beforeAll, describe, expect, test, vi } from "vitest";
import { troubleIn } from "../testing/model-run.ts";
import { PLANTED_FAULTS } from "../testing/planted-fault.ts";

const SEEDS = Array.from({ length: 10 }, (_, n) => n + 1);
const EVENTS = 5_000;

beforeAll(() => {
  // The shell says each fault that it meets, and it meets nothing else.
  for (const level of ["info", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});

describe("a pool and the ledger on a bad day", () => {
  test.each(SEEDS)("lose no task, run none to two ends and charge none wrongly (seed %i)", async (seed) => {
    expect(await troubleIn({ seed, events: EVENTS })).toBeNull();
  });
});

describe("the model", () => {
  test.each(Object.entries(PLANTED_FAULTS))("finds it when %s", async (_, fault) => {
    let trouble: string | null = null;
    for (const seed of SEEDS) trouble ??= await troubleIn({ seed, events: EVENTS, fault });
    expect(trouble).toMatch(fault.shows);
  });
});
