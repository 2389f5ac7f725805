import { z } from "zod";
import { Random } from "../../../src/dispatch/testing/random.ts";

/** Chances between 0 and 1 that a call fails and nothing was done, fails though it was done, or takes a while. */
const Rates = z.object({ before: z.number(), after: z.number(), slow: z.number() });

/** What goes wrong inside the edge from now on. */
export const FaultRates = z.object({ database: Rates, files: Rates, calls: Rates, isDatabaseDown: z.boolean() });
export type FaultRates = z.infer<typeof FaultRates>;
type Place = "database" | "files" | "calls";

const SLOW_MS = 250;
const NONE = { before: 0, after: 0, slow: 0 };
export const NO_FAULTS: FaultRates = { database: NONE, files: NONE, calls: NONE, isDatabaseDown: false };

/** Of this process. Nothing fails until the rig has said so. */
let rates = NO_FAULTS;
let random: Random | null = null;

export function setFaults(next: FaultRates, seed: number): void {
  rates = next;
  random ??= new Random(seed);
}

/** The rig counts these lines in the log. */
const note = (fault: string): void => console.log(JSON.stringify({ chaos: fault }));

/** @throws instead of calling, or after it: to the caller both look the same, and only one of them has had an effect. */
export async function withFaults<T>(place: Place, call: () => Promise<T>): Promise<T> {
  const chances = rates[place];
  if (!random) return call();
  if (random.chance(chances.slow)) {
    note(`${place}: slow`);
    const waitMs = random.below(SLOW_MS);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  if (place === "database" && rates.isDatabaseDown) {
    note("database: down");
    throw new Error("D1_ERROR: the database is down");
  }
  if (random.chance(chances.before)) {
    note(`${place}: failed before`);
    throw new Error(`${place}: connection lost`);
  }
  const result = await call();
  if (random.chance(chances.after)) {
    note(`${place}: failed after`);
    throw new Error(`${place}: connection lost`);
  }
  return result;
}
