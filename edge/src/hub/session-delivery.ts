import { log } from "../http/log.ts";
import type { HadUpTo } from "../stomp/had-up-to.ts";
import type { Push } from "../stomp/session-state.ts";
import type { SessionFeeds } from "./session-feeds.ts";
import type { LiveSession } from "./session-registry.ts";

/** A socket's object, as far as the hub uses it. */
export interface SessionStub {
  /** @returns how far it is then; null when it has ended. */
  deliver(pushes: Push[]): Promise<HadUpTo | null>;
  end(reason: string): Promise<void>;
}

interface SessionDeliveryDeps {
  feeds: SessionFeeds;
  session(objectId: string): LiveSession | null;
  stub(objectId: string): SessionStub;
  onGone(objectId: string): void;
  /** It could not be reached; what it is owed is still known. */
  onUnreachable(objectId: string): void;
}

/** Brings sockets what they are owed: one call at a time to each of them, so that nothing overtakes anything. */
export class SessionDelivery {
  readonly #deps: SessionDeliveryDeps;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Calls on one stub arrive in the order they were made; on several they may overtake each other. */
  readonly #stubs = new Map<string, SessionStub>();

  constructor(deps: SessionDeliveryDeps) {
    this.#deps = deps;
  }

  /** @returns when it has everything, or cannot be reached. Never fails. */
  flush(objectId: string): Promise<void> {
    const underWay = this.#underWay.get(objectId);
    // It looks again after each call, so it takes along what has come since.
    if (underWay) return underWay;
    const flushing = Promise.resolve().then(() => this.#bring(objectId));
    this.#underWay.set(objectId, flushing);
    return flushing;
  }

  /** Tells them why, and closes them. Once it has returned they know. */
  async end(objectIds: readonly string[], reason: string): Promise<void> {
    await Promise.all(
      objectIds.map(async (objectId) => {
        try {
          await this.#stubOf(objectId).end(reason);
        } catch (error) {
          log("error", "session unreachable", { sessionObjectId: objectId, error: String(error) });
        }
        this.forget(objectId);
        this.#deps.onGone(objectId);
      }),
    );
  }

  forget(objectId: string): void {
    this.#stubs.delete(objectId);
  }

  async #bring(objectId: string): Promise<void> {
    const { feeds } = this.#deps;
    for (;;) {
      const session = this.#deps.session(objectId);
      const pushes = session && feeds.next(session);
      if (!pushes) return this.#leave(objectId);
      try {
        const hadUpTo = await this.#stubOf(objectId).deliver(pushes);
        if (hadUpTo) feeds.settle(objectId, pushes, hadUpTo);
        else this.#deps.onGone(objectId);
      } catch (error) {
        log("error", "session unreachable", { sessionObjectId: objectId, error: String(error) });
        feeds.fail(objectId);
        // A stub that failed once fails for ever, so the next call gets a new one.
        this.#stubs.delete(objectId);
        this.#deps.onUnreachable(objectId);
        return this.#leave(objectId);
      }
    }
  }

  /** At once, not when the promise settles: what comes in between needs a new one. */
  #leave(objectId: string): void {
    this.#underWay.delete(objectId);
  }

  #stubOf(objectId: string): SessionStub {
    const known = this.#stubs.get(objectId);
    if (known) return known;
    const stub = this.#deps.stub(objectId);
    this.#stubs.set(objectId, stub);
    return stub;
  }
}
