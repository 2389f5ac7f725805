import type { LiveSession } from "./session-registry.ts";

/** Twice as long each time, up to a minute. */
const DELAY_MS = { first: 1_000, longest: 60_000 } as const;
/** What a session missed is kept no longer than that; one that is to end is over with its token at the latest. */
const GIVE_UP_MS = { delivery: 10 * 60_000, end: 60 * 60_000 } as const;

/** A call on a session that did not work. */
export interface Retry extends Pick<LiveSession, "objectId" | "name"> {
  /** Why it is to end; null when it is to be brought what it is owed. */
  readonly reason: string | null;
  readonly since: number;
  readonly tries: number;
  readonly dueAt: number;
}

/** Where retries outlive the object. */
export interface RetryStorage {
  save(retry: Retry): void;
  delete(objectId: string): void;
}

/** Which sessions could not be reached, and when each of them is tried again. */
export class Retries {
  readonly #retries: Map<string, Retry>;
  readonly #storage: RetryStorage;

  constructor(saved: Iterable<Retry>, storage: RetryStorage) {
    this.#retries = new Map([...saved].map((retry) => [retry.objectId, retry]));
    this.#storage = storage;
  }

  /** That session is to end. Noted before it is tried, so that it is not forgotten with this object. */
  oweEnd({ objectId, name }: Pick<LiveSession, "objectId" | "name">, reason: string, now: number): void {
    this.#save({ objectId, name, reason, since: now, tries: 0, dueAt: now + DELAY_MS.first });
  }

  /** It could not be reached. @returns false when that has been so for too long: it is not tried again. */
  failed({ objectId, name }: Pick<LiveSession, "objectId" | "name">, reason: string | null, now: number): boolean {
    const known = this.#retries.get(objectId);
    const isSame = known?.name === name && known.reason === reason;
    const { since, tries } = isSame ? known : { since: now, tries: -1 };
    if (now - since >= GIVE_UP_MS[reason === null ? "delivery" : "end"]) {
      this.clear(objectId, name);
      return false;
    }
    const delayMs = Math.min(DELAY_MS.first * 2 ** (tries + 1), DELAY_MS.longest);
    this.#save({ objectId, name, reason, since, tries: tries + 1, dueAt: now + delayMs });
    return true;
  }

  /** It was reached, or has ended. @param name of the only session that is meant, if not of whichever it is */
  clear(objectId: string, name?: string): void {
    const known = this.#retries.get(objectId);
    if (!known || known.name !== (name ?? known.name)) return;
    this.#retries.delete(objectId);
    this.#storage.delete(objectId);
  }

  /** Whether it is left alone for now. */
  isResting(objectId: string, now: number): boolean {
    return (this.#retries.get(objectId)?.dueAt ?? 0) > now;
  }

  due(now: number): Retry[] {
    return [...this.#retries.values()].filter(({ dueAt }) => dueAt <= now);
  }

  /** Null when nothing is to be tried again. */
  earliestDue(): number | null {
    const earliest = Math.min(...[...this.#retries.values()].map(({ dueAt }) => dueAt));
    return earliest === Infinity ? null : earliest;
  }

  #save(retry: Retry): void {
    this.#retries.set(retry.objectId, retry);
    this.#storage.save(retry);
  }
}
