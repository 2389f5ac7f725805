import { DurableObject } from "cloudflare:workers";
import { type EndMessage, type ProgressMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import type { TaskStatus } from "@star-graph/shared/task";
import { openDatabase } from "../db/client.ts";
import { parseConfig } from "../config.ts";
import { END_ID, endEvent, progressEvent, progressId } from "../events/event-text.ts";
import { nothingMore, streamResponse } from "../events/stream-response.ts";
import type { SockSession } from "../sockjs/sock-session.ts";
import { createTaskStore, type TaskStore } from "../tasks/store.ts";
import { createWebhookStore } from "../webhooks/store.ts";
import { CallbackSender, type OwedCallback } from "./callback-sender.ts";
import { CallbackStore } from "./callback-store.ts";
import { HubStore } from "./hub-store.ts";
import { LiveProgress } from "./live-progress.ts";
import { RecentEnds } from "./recent-ends.ts";
import { SessionRegistry } from "./session-registry.ts";
import { StatusWaiters } from "./status-waiters.ts";
import { TaskStreams } from "./task-streams.ts";

/** How often an event stream says that it is still there. */
const HEARTBEAT_MS = 15_000;

/**
 * One user's live sockets and event streams, what those are told, and the callbacks that are owed to the user's own server.
 * Sessions call `register`, `subscribed`, `unsubscribed` and `unregister`; the Dispatcher publishes; the Worker opens streams and
 * waits; a logout ends sessions. Any of it may be called twice or late.
 *
 * Survives eviction (SQLite): sessions with their subscriptions, ends of the last 10 minutes with their delivered mark, callbacks
 * with their next try, the alarm for both. Lost: event streams and held requests, whose clients come again; the newest progress of
 * live tasks, which the next progress brings back; sign-ins ended in the last minute; which sessions a delivery was under way to,
 * so that an end may reach one of them twice.
 */
export class UserHub extends DurableObject<Cloudflare.Env> {
  readonly #store: HubStore;
  readonly #sessions: SessionRegistry;
  readonly #ends: RecentEnds;
  readonly #progress = new LiveProgress();
  readonly #callbacks: CallbackSender;
  readonly #tasks: Pick<TaskStore, "findStatus">;
  readonly #waiters = new StatusWaiters();
  readonly #streams = new TaskStreams((isOccupied) => this.#beatWhile(isOccupied));
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  /** Calls on one stub arrive in the order they were made; on several they may overtake each other. */
  readonly #stubs = new Map<string, DurableObjectStub<SockSession>>();

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#store = new HubStore(ctx.storage.sql);
    this.#sessions = new SessionRegistry(this.#store.loadSessions());
    this.#ends = new RecentEnds(this.#store.loadEnds());
    const db = openDatabase(env.DB);
    this.#tasks = createTaskStore(db);
    this.#callbacks = new CallbackSender(new CallbackStore(ctx.storage.sql), {
      ...createWebhookStore(db),
      tokenSecret: parseConfig(env).tokenSecret,
      fetch: (url, init) => fetch(url, init),
      now: () => Date.now(),
    });
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
   * live task, or the ends of the last minutes. Not awaited: the session is waiting for this call, and takes deliveries after it.
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
    const streams = this.#streams.send(message.taskId, progressEvent(message));
    const body = JSON.stringify(message);
    const taken = await Promise.all(listeners.map((session) => this.#deliver(session, PUSH_DESTINATIONS.progress, body)));
    return { listeners: taken.filter(Boolean).length + streams };
  }

  /**
   * Once it has returned, the end is stored: told to whoever listens, or kept for who comes in the next minutes.
   * @param callback where the user's own server wants to be told, if it does
   */
  async publishEnd(message: EndMessage, callback: OwedCallback | null): Promise<void> {
    const end = this.#ends.add(message, Date.now());
    if (end) {
      this.#store.addEnd(end);
      if (callback) this.#callbacks.owe(end.taskId, callback, end.endedAt);
      this.#progress.forget(end.taskId);
      this.#waiters.wake(end.taskId);
      this.#streams.end(end.taskId, endEvent(end.body));
      await this.#armAlarm();
      if (callback) this.ctx.waitUntil(this.#sendCallbacks());
    }
    // A repeat by the outbox: who listened then has been told, also when this object has slept since.
    if (!end && this.#ends.isDelivered(message.taskId)) return;
    const listeners = this.#sessions.subscribersOf(PUSH_DESTINATIONS.result);
    await Promise.all(listeners.map((session) => this.#offerEnd(session, message.taskId)));
  }

  /** A task was started, or waits again. */
  statusChanged(taskId: string): void {
    this.#waiters.wake(taskId);
  }

  /** Returns when the task's status is another than the known one, or after so long, or at once when too many requests are held. */
  async awaitChange(taskId: string, knownStatus: TaskStatus, waitMs: number): Promise<void> {
    const held = this.#waiters.hold(taskId);
    if (!held) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      // Looked up only now: what changes from here on wakes it.
      if ((await this.#tasks.findStatus(taskId)) !== knownStatus) return;
      await Promise.race([held.changed, new Promise((resolve) => (timer = setTimeout(resolve, waitMs)))]);
    } finally {
      clearTimeout(timer);
      held.leave();
    }
  }

  /** A task's event stream, which the Worker has authorised: `/<task id>?session=<sign-in>`, resumed by `Last-Event-ID`. */
  override fetch(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    const taskId = pathname.slice(1);
    const authSessionId = searchParams.get("session") ?? "";
    // A ticket outlives the sign-in that asked for it by less than a minute, and so long a logout is remembered.
    if (this.#sessions.hasEnded(authSessionId, Date.now())) return new Response(null, { status: 401 });
    const lastEventId = request.headers.get("Last-Event-ID");
    if (lastEventId === END_ID) return nothingMore();
    const end = this.#ends.bodyOf(taskId);
    if (end !== null) return streamResponse(endEvent(end));
    const newest = this.#progress.of(taskId);
    const known = newest && progressId(newest) !== lastEventId ? [progressEvent(newest)] : [];
    const stream = this.#streams.open(taskId, authSessionId, known, Date.now());
    return streamResponse(stream);
  }

  /** Ends every socket and stream of these sign-ins or API keys; once it has returned they are told. */
  async endSessions(authSessionIds: string[], reason: string): Promise<void> {
    const now = Date.now();
    for (const id of authSessionIds) this.#streams.endAuthSession(id);
    await this.#endAll(
      authSessionIds.flatMap((id) => this.#sessions.endAuthSession(id, now)),
      reason,
    );
  }

  /** The same for the user's all. Who disables an account writes that to D1 first: a CONNECT after that is refused there. */
  async endAllSessions(reason: string): Promise<void> {
    this.#streams.endAll();
    await this.#endAll(this.#sessions.endAll(Date.now()), reason);
  }

  override async alarm(): Promise<void> {
    this.#store.deleteEndsUpTo(this.#ends.expire(Date.now()));
    await this.#sendCallbacks();
    await this.#armAlarm();
  }

  /** One alarm for both reasons, moved only when the earliest became earlier. */
  async #armAlarm(): Promise<void> {
    const next = Math.min(this.#ends.nextExpiry() ?? Infinity, this.#callbacks.earliestDue() ?? Infinity);
    const armed = await this.ctx.storage.getAlarm();
    if (next !== Infinity && (armed === null || next < armed)) await this.ctx.storage.setAlarm(next);
  }

  async #sendCallbacks(): Promise<void> {
    await this.#callbacks.sendDue(Date.now());
    await this.#armAlarm();
  }

  /** Nothing beats without a stream: a timer would keep the object awake. */
  #beatWhile(isOccupied: boolean): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = isOccupied ? setInterval(() => this.#streams.beat(Date.now()), HEARTBEAT_MS) : undefined;
  }

  async #catchUp(sessionObjectId: string, destination: string): Promise<void> {
    if (destination === PUSH_DESTINATIONS.progress) {
      const bodies = this.#progress.all().map((message) => JSON.stringify(message));
      await Promise.all(bodies.map((body) => this.#deliver(sessionObjectId, destination, body)));
    }
    if (destination === PUSH_DESTINATIONS.result) {
      await Promise.all(this.#ends.recent(Date.now()).map((taskId) => this.#offerEnd(sessionObjectId, taskId)));
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
