import type { Vip } from "./types.ts";

/** Where levels outlive the object; null when a user has none any more. */
type KeepVip = (userId: number, vip: Vip | null) => void;

/**
 * Levels of users with tasks here, by D1's newest word. A user's and not a task's: whoever becomes a VIP while tasks wait is served as
 * one from then on.
 */
export class Vips {
  readonly #levels: Map<number, Vip>;
  readonly #keep: KeepVip;

  constructor(known: Iterable<[userId: number, vip: Vip]> = [], keep: KeepVip = () => {}) {
    this.#levels = new Map(known);
    this.#keep = keep;
  }

  of(userId: number): Vip | null {
    return this.#levels.get(userId) ?? null;
  }

  set(userId: number, vip: Vip | null): void {
    if (isSameVip(this.of(userId), vip)) return;
    if (vip) this.#levels.set(userId, vip);
    else this.#levels.delete(userId);
    this.#keep(userId, vip);
  }

  /** Forgets users who are gone. */
  forget(isGone: (userId: number) => boolean): void {
    for (const userId of this.#levels.keys()) if (isGone(userId)) this.set(userId, null);
  }
}

export const isSameVip = (one: Vip | null, other: Vip | null): boolean => one?.level === other?.level && one?.until === other?.until;
