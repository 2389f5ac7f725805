import { log } from "../http/log.ts";
import type { HadUpTo } from "../stomp/had-up-to.ts";
import type { Push } from "../stomp/session-state.ts";
import type { SessionFeeds } from "./session-feeds.ts";
import type { LiveSession } from "./session-registry.ts";

/** A socket's object, as far as the hub uses it. */
export interface SessionStub {
  /** @returns how far the session of that name is then; null when it has ended. */
  deliver(name: string, pushes: Push[]): Promise<HadUpTo | null>;
  end(name: string, reason: string): Promise<void>;
}

interface SessionDeliveryDeps {
  feeds: SessionFeeds;
  session(objectId: string): LiveSession | null;
  stub(objectId: string): SessionStub;
  /** It has ended. */
  onGone(session: NamedSession): void;
  onReached(session: NamedSession): void;
  /** It could not be reached. @param reason why it was to end; null when it was to be brought what it is owed, which is still known */
  onUnreachable(session: NamedSession, reason: string | null): void;
}

type NamedSession = Pick<LiveSession, "objectId" | "name">;

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

  /** Tells them why, and closes them. Once it has returned, those that could be reached know. */
  async end(sessions: readonly NamedSession[], reason: string): Promise<void> {
    await Promise.all(
      sessions.map(async (session) => {
        try {
          await this.#stubOf(session.objectId).end(session.name, reason);
        } catch (error) {
          return this.#unreachable(session, reason, error);
        }
        this.#deps.onGone(session);
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
        const hadUpTo = await this.#stubOf(objectId).deliver(session.name, pushes);
        if (!hadUpTo) {
          this.#deps.onGone(session);
          continue;
        }
        feeds.settle(objectId, pushes, hadUpTo);
        this.#deps.onReached(session);
      } catch (error) {
        feeds.fail(objectId);
        this.#unreachable(session, null, error);
        return this.#leave(objectId);
      }
    }
  }

  #unreachable(session: NamedSession, reason: string | null, error: unknown): void {
    const { objectId } = session;
    log("error", "session unreachable", { sessionObjectId: objectId, error: String(error) });
    // A stub that failed once fails for ever, so the next call gets a new one.
    this.#stubs.delete(objectId);
    this.#deps.onUnreachable(session, reason);
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
