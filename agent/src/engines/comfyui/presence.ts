/** Whether a server is there: from the first line to it until none was open for a while, or it is known to be gone. */
export class Presence {
  readonly #withdrawMs: number;
  readonly #onGone: () => void;
  #isUp = false;
  #leaving: NodeJS.Timeout | null = null;

  constructor(withdrawMs: number, onGone: () => void) {
    this.#withdrawMs = withdrawMs;
    this.#onGone = onGone;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** A line is open. */
  onOpen(): void {
    this.close();
    this.#isUp = true;
  }

  /** No line is open. One that is back soon has taken nothing away. */
  onDown(): void {
    if (this.#isUp) this.#leaving ??= setTimeout(() => this.gone(), this.#withdrawMs);
  }

  gone(): void {
    this.close();
    this.#isUp = false;
    this.#onGone();
  }

  close(): void {
    if (this.#leaving) clearTimeout(this.#leaving);
    this.#leaving = null;
  }
}
