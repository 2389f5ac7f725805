import { BadDay } from "./bad-day.ts";
import type { PlantedFault } from "./planted-fault.ts";

export interface ModelRun {
  seed: number;
  events: number;
  fault?: PlantedFault | null;
}

/** So often everything comes to rest, and all that ever happened is checked. */
const REST_EVERY = 1_000;

/** @returns what went wrong, with the seed and the event that show it again; null when nothing did */
export async function troubleIn({ seed, events, fault = null }: ModelRun): Promise<string | null> {
  const day = await BadDay.begin(seed, fault);
  let event = 1;
  try {
    for (; event <= events; event++) {
      await day.step();
      day.check();
      if (event % REST_EVERY === 0 || event === events) await day.rest();
    }
    return null;
  } catch (error) {
    return `seed ${seed}, event ${event}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}
