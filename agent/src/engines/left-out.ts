import type { Log } from "../log.ts";

/** What the owner named and a server cannot do: said once, and again only after it was there. */
export class LeftOut {
  readonly #log: Log;
  #said: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  say(reasons: readonly string[]): void {
    for (const reason of reasons) if (!this.#said.has(reason)) this.#log.warn(LEFT_OUT, reason);
    this.#said = new Set(reasons);
  }
}

/** The event's name in the log. */
export const LEFT_OUT = "model-left-out";
