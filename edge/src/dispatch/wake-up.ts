/** The object's one alarm for all that is due, moved only when the earliest became earlier. */
export class WakeUp {
  readonly #setAlarm: (at: number) => void;
  /** As far as this process knows; after an eviction it is set anew with the first due time. */
  #at: number | null = null;

  constructor(setAlarm: (at: number) => void) {
    this.#setAlarm = setAlarm;
  }

  /** @param dueTimes Unix milliseconds; null, or beyond all numbers, for nothing that is due */
  arm(...dueTimes: (number | null)[]): void {
    const earliest = Math.min(...dueTimes.map((due) => due ?? Infinity));
    if (earliest >= Number.MAX_SAFE_INTEGER || (this.#at !== null && this.#at <= earliest)) return;
    this.#at = earliest;
    // What is due at once has no time worth the name, and the platform takes none before 1970.
    this.#setAlarm(Math.max(earliest, 1));
  }

  /** It has rung, and is not set any more. */
  rang(): void {
    this.#at = null;
  }
}
