import type { Around } from "../../../test/support/faulty-d1.ts";
import { interrupt } from "./interruption.ts";
import { never, Parking } from "./parking.ts";
import type { Random } from "./random.ts";

/** How often a call waits for an event of its own, on its way there and on its way back. */
const PARKED = 0.2;

/** What becomes of calls between the parts: late, out of order, failed before their effect or after it. */
export class Weather {
  readonly parking = new Parking();
  isDown = false;
  isCalm = true;
  /** What somebody else does just before a call arrives. */
  meanwhile: () => Promise<unknown> = async () => {};
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param caller who dies with its calls; null for one that waits for nothing */
  around(caller: object | null): Around {
    return async (call) => {
      const random = this.#random;
      if (!(await this.#arrives(caller))) {
        // Its caller is dead; the request may have been sent all the same.
        if (random.chance(0.5)) await call().catch(() => {});
        return never();
      }
      if (!this.isCalm && (this.isDown || random.chance(0.02))) interrupt();
      if (!this.isCalm && random.chance(0.01)) await this.meanwhile();
      const result = await call();
      if (!(await this.#arrives(caller))) return never();
      if (!this.isCalm && random.chance(0.02)) interrupt();
      return result;
    };
  }

  async #arrives(caller: object | null): Promise<boolean> {
    return this.isCalm || caller === null || !this.#random.chance(PARKED) || (await this.parking.wait(caller));
  }
}

/** Lets everything go on that waits for nothing but its turn. */
export const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
