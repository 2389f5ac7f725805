import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import type { EventLog, Start } from "./event-log.ts";
import type { HubStore } from "./hub-store.ts";
import type { LiveProgress } from "./live-progress.ts";
import { Retries, type Retry } from "./retries.ts";
import { SessionDelivery, type SessionStub } from "./session-delivery.ts";
import { SessionFeeds } from "./session-feeds.ts";
import { type LiveSession, SessionRegistry } from "./session-registry.ts";

const { progress: PROGRESS, result: RESULT } = PUSH_DESTINATIONS;

type NamedSession = Pick<LiveSession, "objectId" | "name">;

interface LiveSocketsDeps {
  store: Pick<HubStore, "loadSessions" | "saveSession" | "deleteSession" | "loadRetries" | "saveRetry" | "deleteRetry">;
  log: EventLog;
  progress: LiveProgress;
  stub: (objectId: string) => SessionStub;
  /** What nobody waits for is not to end with the call that began it. */
  keepAlive: (work: Promise<unknown>) => void;
  /** `earliestDue` may have become earlier. */
  armAlarm: () => Promise<void>;
  now: () => number;
}

/** One user's sockets: which there are, what each is still owed, and those that could not be reached, until they are or are given up. */
export class LiveSockets {
  readonly #deps: LiveSocketsDeps;
  readonly #sessions: SessionRegistry;
  readonly #feeds: SessionFeeds;
  readonly #delivery: SessionDelivery;
  readonly #retries: Retries;

  constructor(deps: LiveSocketsDeps) {
    const { store } = deps;
    this.#deps = deps;
    this.#sessions = new SessionRegistry(store.loadSessions());
    this.#feeds = new SessionFeeds(deps.log, deps.progress);
    this.#retries = new Retries(store.loadRetries(), {
      save: (retry) => store.saveRetry(retry),
      delete: (objectId) => store.deleteRetry(objectId),
    });
    this.#delivery = new SessionDelivery({
      feeds: this.#feeds,
      session: (objectId) => this.#sessions.get(objectId),
      stub: deps.stub,
      onGone: (session) => this.unregister(session),
      onReached: ({ objectId, name }) => this.#retries.clear(objectId, name),
      onUnreachable: (session, reason) => this.#retryLater(session, reason),
    });
  }

  /** @returns false when the sign-in has ended since its token was checked. */
  register(session: Pick<LiveSession, "objectId" | "name" | "authSessionId">): boolean {
    const { objectId } = session;
    const added = this.#sessions.add(session, this.#deps.now());
    if (!added) return false;
    // What was to become of the object's session before this one is settled: it is over.
    this.#retries.clear(objectId);
    this.#feeds.forget(objectId);
    this.#deps.store.saveSession(added.session);
    this.#deps.keepAlive(this.#end(added.crowdedOut, "Too many connections: the oldest makes room"));
    return true;
  }

  /** The object's next session, which may be there already, is left alone. */
  unregister({ objectId, name }: NamedSession): void {
    this.#deps.store.deleteSession({ objectId, name });
    this.#retries.clear(objectId, name);
    if ((this.#sessions.get(objectId)?.name ?? name) !== name) return;
    this.#delivery.forget(objectId);
    this.#feeds.forget(objectId);
    this.#sessions.remove(objectId);
  }

  /**
   * From here on it is sent what is published there, and first of all what it has missed. That is not awaited: the session is waiting
   * for this call, and takes deliveries after it.
   * @param after the newest event that the client says it has had
   * @returns null for a session that is not known: it was ended, or given up
   */
  subscribe(objectId: string, destination: string, after: number | null): Start | null {
    const { log, now, store, keepAlive } = this.#deps;
    const start = destination === RESULT ? log.startOfEnds(after, now()) : log.startOfProgress(after);
    const session = this.#sessions.subscribe(objectId, destination);
    if (!session) return null;
    store.saveSession(session);
    this.#feeds.start(objectId, destination, start.startAfter);
    keepAlive(this.#flush(objectId));
    return start;
  }

  unsubscribe(objectId: string, destination: string): void {
    const session = this.#sessions.unsubscribe(objectId, destination);
    if (session) this.#deps.store.saveSession(session);
  }

  /** How many are told of progress. */
  countWatching(): number {
    return this.#sessions.subscribersOf(PROGRESS).length;
  }

  /** That task has moved: all who watch are told, once each is free. */
  touch(taskId: string): void {
    for (const objectId of this.#sessions.subscribersOf(PROGRESS)) {
      this.#feeds.touch(objectId, taskId);
      this.#deps.keepAlive(this.#flush(objectId));
    }
  }

  /** @returns when all who listen for ends have had those that there are, or cannot be reached now. */
  async bringEnds(): Promise<void> {
    await Promise.all(this.#sessions.subscribersOf(RESULT).map((objectId) => this.#flush(objectId)));
  }

  isTurnedAway(authSessionId: string): boolean {
    return this.#sessions.isTurnedAway(authSessionId, this.#deps.now());
  }

  /** Ends every socket of these sign-ins or API keys; once it has returned, those that could be reached are told. */
  async endAuthSessions(authSessionIds: readonly string[], reason: string): Promise<void> {
    const now = this.#deps.now();
    await this.#end(
      authSessionIds.flatMap((id) => this.#sessions.endAuthSession(id, now)),
      reason,
    );
  }

  async endAll(reason: string): Promise<void> {
    await this.#end(this.#sessions.endAll(this.#deps.now()), reason);
  }

  /** Null when none is to be tried again. */
  earliestDue(): number | null {
    return this.#retries.earliestDue();
  }

  async retryDue(): Promise<void> {
    await Promise.all(this.#retries.due(this.#deps.now()).map((retry) => this.#tryAgain(retry)));
  }

  /** One that could not be reached is left alone until it is tried again. */
  async #flush(objectId: string): Promise<void> {
    if (!this.#retries.isResting(objectId, this.#deps.now())) await this.#delivery.flush(objectId);
  }

  /** Ends them; those that cannot be reached now, later. */
  async #end(sessions: readonly LiveSession[], reason: string): Promise<void> {
    for (const session of sessions) {
      this.unregister(session);
      this.#retries.oweEnd(session, reason, this.#deps.now());
    }
    if (sessions.length > 0) await this.#deps.armAlarm();
    await this.#delivery.end(sessions, reason);
  }

  async #tryAgain(retry: Retry): Promise<void> {
    if (retry.reason !== null) return this.#delivery.end([retry], retry.reason);
    await this.#delivery.flush(retry.objectId);
    // Nothing may have been owed any more, so that nobody was asked.
    if (this.#retries.due(this.#deps.now()).includes(retry)) this.#retries.clear(retry.objectId, retry.name);
  }

  #retryLater(session: NamedSession, reason: string | null): void {
    const { armAlarm, keepAlive, now } = this.#deps;
    if (!this.#retries.failed(session, reason, now()) && reason === null) {
      this.unregister(session);
      // It is deaf from here on: its client should learn that, if it can.
      this.#retries.oweEnd(session, "Not reachable for too long", now());
    }
    keepAlive(armAlarm());
  }
}
