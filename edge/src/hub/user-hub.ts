import { DurableObject } from "cloudflare:workers";
import { type EndMessage, type ProgressMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import type { SockSession } from "../sockjs/sock-session.ts";
import { HubStore } from "./hub-store.ts";
import { LiveProgress } from "./live-progress.ts";
import { RecentEnds } from "./recent-ends.ts";
import { SessionRegistry } from "./session-registry.ts";

/**
 * One user's live sockets, and what those sockets are told. Sessions call `register`, `subscribed`, `unsubscribed` and
 * `unregister`; the Dispatcher publishes; a logout ends sessions. Any of it may be called twice or late.
 *
 * Survives eviction (SQLite): sessions with their subscriptions, ends of the last 10 minutes with their delivered mark, the alarm
 * that drops those. Lost: the newest progress of live tasks, which the next progress brings back; sign-ins ended in the last minute;
 * which sessions a delivery was under way to, so that an end may reach one of them twice.
 */
export class UserHub extends DurableObject<Cloudflare.Env> {
  readonly #store: HubStore;
  readonly #sessions: SessionRegistry;
  readonly #ends: RecentEnds;
  readonly #progress = new LiveProgress();
  /** Calls on one stub arrive in the order they were made; on several they may overtake each other. */
  readonly #stubs = new Map<string, DurableObjectStub<SockSession>>();

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#store = new HubStore(ctx.storage.sql);
    this.#sessions = new SessionRegistry(this.#store.loadSessions());
    this.#ends = new RecentEnds(this.#store.loadEnds());
  }

  /** @returns false when the sign-in has ended since its token was checked. */
  register(sessionObjectId: string, authSessionId: string): boolean {
    const added = this.#sessions.add(sessionObjectId, authSessionId, Date.now());
    if (!added) return false;
    this.#store.saveSession(added.session);
    this.ctx.waitUntil(this.#endAll(added.crowdedOut, "Too many connections: the oldest makes room"));
    return true;
  }

  unregister(sessionObjectId: string): void {
    this.#forget(sessionObjectId);
  }

  /**
   * From here on the session is sent what is published there, and first of all what it came too late for: the newest progress of each
   * live task, or the ends nobody has received. Not awaited: the session is waiting for this call, and takes deliveries after it.
   */
  subscribed(sessionObjectId: string, destination: string): void {
    const session = this.#sessions.subscribe(sessionObjectId, destination);
    if (!session) return;
    this.#store.saveSession(session);
    this.ctx.waitUntil(this.#catchUp(sessionObjectId, destination));
  }

  unsubscribed(sessionObjectId: string, destination: string): void {
    const session = this.#sessions.unsubscribe(sessionObjectId, destination);
    if (session) this.#store.saveSession(session);
  }

  /** @returns how many sessions took it; 0 means that nobody watches now. */
  async publishProgress(message: ProgressMessage): Promise<{ listeners: number }> {
    const listeners = this.#sessions.subscribersOf(PUSH_DESTINATIONS.progress);
    if (this.#ends.has(message.taskId) || !this.#progress.accept(message)) return { listeners: listeners.length };
    const body = JSON.stringify(message);
    const taken = await Promise.all(listeners.map((session) => this.#deliver(session, PUSH_DESTINATIONS.progress, body)));
    return { listeners: taken.filter(Boolean).length };
  }

  /** Once it has returned, the end is stored: told to whoever listens, or kept for who comes in the next minutes. */
  async publishEnd(message: EndMessage): Promise<void> {
    const end = this.#ends.add(message, Date.now());
    if (end) {
      this.#store.addEnd(end);
      this.#progress.forget(end.taskId);
      if ((await this.ctx.storage.getAlarm()) === null) await this.#armAlarm();
    }
    const listeners = this.#sessions.subscribersOf(PUSH_DESTINATIONS.result);
    await Promise.all(listeners.map((session) => this.#offerEnd(session, message.taskId)));
  }

  /** Ends every socket of one sign-in; once it has returned they are told. */
  async endSessions(authSessionId: string, reason: string): Promise<void> {
    await this.#endAll(this.#sessions.endAuthSession(authSessionId, Date.now()), reason);
  }

  override async alarm(): Promise<void> {
    this.#store.deleteEndsUpTo(this.#ends.expire(Date.now()));
    await this.#armAlarm();
  }

  async #armAlarm(): Promise<void> {
    const next = this.#ends.nextExpiry();
    if (next !== null) await this.ctx.storage.setAlarm(next);
  }

  async #catchUp(sessionObjectId: string, destination: string): Promise<void> {
    if (destination === PUSH_DESTINATIONS.progress) {
      const bodies = this.#progress.all().map((message) => JSON.stringify(message));
      await Promise.all(bodies.map((body) => this.#deliver(sessionObjectId, destination, body)));
    }
    if (destination === PUSH_DESTINATIONS.result) {
      await Promise.all(this.#ends.missed(Date.now()).map((taskId) => this.#offerEnd(sessionObjectId, taskId)));
    }
  }

  async #offerEnd(sessionObjectId: string, taskId: string): Promise<void> {
    const body = this.#ends.offer(taskId, sessionObjectId);
    if (body === null) return;
    const isTaken = await this.#deliver(sessionObjectId, PUSH_DESTINATIONS.result, body);
    if (this.#ends.settle(taskId, sessionObjectId, isTaken)) this.#store.markDelivered(taskId);
  }

  async #deliver(sessionObjectId: string, destination: string, body: string): Promise<boolean> {
    try {
      const delivery = await this.#stubOf(sessionObjectId).deliver(destination, body);
      if (delivery === "gone") this.#forget(sessionObjectId);
      return delivery === "delivered";
    } catch (error) {
      this.#onBrokenStub(sessionObjectId, error);
      return false;
    }
  }

  async #endAll(sessionObjectIds: readonly string[], reason: string): Promise<void> {
    await Promise.all(
      sessionObjectIds.map(async (id) => {
        try {
          await this.#stubOf(id).end(reason);
        } catch (error) {
          this.#onBrokenStub(id, error);
        }
        this.#forget(id);
      }),
    );
  }

  /** A stub that failed once fails for ever, so the next call gets a new one. */
  #onBrokenStub(sessionObjectId: string, error: unknown): void {
    this.#stubs.delete(sessionObjectId);
    console.error(JSON.stringify({ event: "session-unreachable", sessionObjectId, error: String(error) }));
  }

  #stubOf(sessionObjectId: string): DurableObjectStub<SockSession> {
    const known = this.#stubs.get(sessionObjectId);
    if (known) return known;
    const stub = this.env.SOCK_SESSION.get(this.env.SOCK_SESSION.idFromString(sessionObjectId));
    this.#stubs.set(sessionObjectId, stub);
    return stub;
  }

  #forget(sessionObjectId: string): void {
    this.#stubs.delete(sessionObjectId);
    this.#sessions.remove(sessionObjectId);
    this.#store.deleteSession(sessionObjectId);
  }
}
