import type { Random } from "../../src/dispatch/testing/random.ts";

export interface FrameRates {
  delayed: number;
  duplicated: number;
  reordered: number;
}

const DELAY_MS = 300;

export interface FrameManglerOptions {
  random: Random;
  /** Null while nothing is to happen. */
  rates: () => FrameRates | null;
  onFault: (fault: string) => void;
}

/** One direction of a socket: frames come late, twice, or after those that followed them. The first one, which says who speaks, does not. */
export class FrameMangler {
  readonly #options: FrameManglerOptions;
  #tail: Promise<void> = Promise.resolve();
  #isFirst = true;

  constructor(options: FrameManglerOptions) {
    this.#options = options;
  }

  pass(send: () => void): void {
    const { random, onFault } = this.#options;
    const rates = this.#isFirst ? null : this.#options.rates();
    this.#isFirst = false;
    if (rates && random.chance(rates.reordered)) {
      onFault("frame: reordered");
      return void setTimeout(send, random.below(DELAY_MS));
    }
    const isDelayed = rates !== null && random.chance(rates.delayed);
    if (isDelayed) onFault("frame: delayed");
    const delayMs = isDelayed ? random.below(DELAY_MS) : 0;
    // In order, whatever each one's delay.
    this.#tail = this.#tail.then(() => (delayMs > 0 ? new Promise((resolve) => setTimeout(resolve, delayMs)) : undefined)).then(send);
    if (rates && random.chance(rates.duplicated)) {
      onFault("frame: duplicated");
      this.#tail = this.#tail.then(send);
    }
  }
}
