import type { AppRequest } from "../stomp/session-state.ts";

/** The part of an object's key-value storage that is used. */
export interface HeldStorage {
  list(options: { prefix: string }): Iterable<[string, AppRequest]>;
  put(key: string, request: AppRequest): void;
  delete(key: string): boolean;
}

/** The SENDs of transactions that are not committed yet, in storage: the object may sleep before the COMMIT. */
export class HeldRequests {
  readonly #kv: HeldStorage;

  constructor(kv: HeldStorage) {
    this.#kv = kv;
  }

  hold(transaction: number, request: AppRequest): void {
    const sends = [...this.#kv.list({ prefix: prefixOf(transaction) })].length;
    this.#kv.put(`${prefixOf(transaction)}${String(sends).padStart(4, "0")}`, request);
  }

  /** Takes out what was held, in the order in which it came. */
  release(transaction: number): AppRequest[] {
    const held = [...this.#kv.list({ prefix: prefixOf(transaction) })];
    for (const [key] of held) this.#kv.delete(key);
    return held.map(([, request]) => request);
  }
}

const prefixOf = (transaction: number): string => `held:${transaction}:`;
