import { DurableObject } from "cloudflare:workers";
import { type EndMessage, type ProgressMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import type { TaskStatus } from "@star-graph/shared/task";
import { openDatabase } from "../db/client.ts";
import { parseConfig } from "../config.ts";
import { createDeps } from "../deps.ts";
import { END_ID, endEvent, hasHad, progressEvent } from "../events/event-text.ts";
import { nothingMore, streamResponse } from "../events/stream-response.ts";
import { log } from "../http/log.ts";
import { createTaskStore, type TaskStore } from "../tasks/store.ts";
import { createWebhookStore } from "../webhooks/store.ts";
import { CallbackSender, type OwedCallback } from "./callback-sender.ts";
import { CallbackStore } from "./callback-store.ts";
import { EventLog, type Start } from "./event-log.ts";
import { HubStore } from "./hub-store.ts";
import { LiveProgress } from "./live-progress.ts";
import { LiveSockets } from "./live-sockets.ts";
import { type Picture, Previews } from "./previews.ts";
import type { LiveSession } from "./session-registry.ts";
import { StatusWaiters } from "./status-waiters.ts";
import { TaskStreams } from "./task-streams.ts";

/** How often an event stream says that it is still there. */
const HEARTBEAT_MS = 15_000;
/** More than a user may have waiting and running. */
const WATCHED_TASKS = 200;

/**
 * One user's live sockets and event streams, what those are told, and the callbacks that are owed to the user's own server.
 * Sessions call `register`, `subscribed`, `unsubscribed` and `unregister`; the Dispatcher publishes; the Worker opens streams and
 * waits; a logout ends sessions. Any of it may be called twice or late.
 *
 * Survives eviction (SQLite): sessions with their subscriptions, the numbered ends of the last 10 minutes, which event ids are
 * spent, callbacks and calls on sessions with their next try, the alarm. Lost: event streams and held requests, whose clients come again; the newest
 * progress of live tasks, which the next progress or subscription brings back; sign-ins ended in the last minute. How far a session
 * is, it says itself.
 */
export class UserHub extends DurableObject<Cloudflare.Env> {
  readonly #store: HubStore;
  readonly #sockets: LiveSockets;
  readonly #log: EventLog;
  readonly #progress = new LiveProgress();
  readonly #previews = new Previews(() => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex"));
  readonly #publicBaseUrl: string;
  #refreshing: Promise<void> | null = null;
  readonly #callbacks: CallbackSender;
  readonly #tasks: Pick<TaskStore, "findStatus">;
  readonly #waiters = new StatusWaiters();
  readonly #streams = new TaskStreams((isOccupied) => this.#beatWhile(isOccupied));
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#store = new HubStore(ctx.storage.sql);
    this.#log = new EventLog(this.#store.loadLog(), (upTo) => this.#store.setMark("reserved_up_to", upTo));
    this.#sockets = new LiveSockets({
      store: this.#store,
      log: this.#log,
      progress: this.#progress,
      stub: (objectId) => env.SOCK_SESSION.get(env.SOCK_SESSION.idFromString(objectId)),
      keepAlive: (work) => ctx.waitUntil(work),
      armAlarm: () => this.#armAlarm(),
      now: () => Date.now(),
    });
    const { publicBaseUrl, tokenSecret } = parseConfig(env);
    this.#publicBaseUrl = publicBaseUrl;
    const db = openDatabase(env.DB);
    this.#tasks = createTaskStore(db);
    this.#callbacks = new CallbackSender(new CallbackStore(ctx.storage.sql), {
      ...createWebhookStore(db),
      tokenSecret,
      fetch: (url, init) => fetch(url, init),
      now: () => Date.now(),
    });
  }

  /** @returns false when the sign-in has ended since its token was checked. */
  register(session: Pick<LiveSession, "objectId" | "name" | "authSessionId">): boolean {
    return this.#sockets.register(session);
  }

  unregister(session: Pick<LiveSession, "objectId" | "name">): void {
    this.#sockets.unregister(session);
  }

  /**
   * From here on the session is sent what is published there, and first of all what it has missed: the newest progress of each live
   * task, or the ends since it was there. That is not awaited: the session is waiting for this call, and takes deliveries after it.
   * @param after the newest event that the client says it has had
   * @returns null for a session that is not known: it was ended, or given up
   */
  subscribed(sessionObjectId: string, userId: number, destination: string, after: number | null): Start | null {
    const start = this.#sockets.subscribe(sessionObjectId, destination, after);
    if (start && destination === PUSH_DESTINATIONS.progress) this.ctx.waitUntil(this.#refresh(userId));
    return start;
  }

  unsubscribed(sessionObjectId: string, destination: string): void {
    this.#sockets.unsubscribe(sessionObjectId, destination);
  }

  /** @returns how many sockets and streams are told; 0 means that nobody watches now. */
  publishProgress(message: ProgressMessage): { listeners: number } {
    this.#take(message);
    return { listeners: this.#sockets.countWatching() + this.#streams.count(message.taskId) };
  }

  /** A picture of a running step. @returns false when the one before is too young. */
  keepPreview(taskId: string, picture: Picture): boolean {
    // Its task has ended: nobody is to see it.
    if (this.#log.of(taskId)) return true;
    if (!this.#previews.put(taskId, picture, Date.now())) return false;
    const newest = this.#progress.of(taskId);
    if (newest) this.#take(newest.message);
    return true;
  }

  findPreview(token: string): Picture | null {
    return this.#previews.find(token);
  }

  /**
   * Once it has returned, the end is stored, and whoever listens has been told, or will be when it can be reached.
   * @param callback where the user's own server wants to be told, if it does
   */
  async publishEnd(message: EndMessage, callback: OwedCallback | null): Promise<void> {
    const now = Date.now();
    const end = this.#log.add(message, now);
    if (end) {
      this.#store.addEnd(end);
      this.#dropOld(now);
      if (callback) this.#callbacks.owe(end.taskId, callback, end.endedAt);
      this.#progress.forget(end.taskId);
      this.#previews.forget(end.taskId);
      this.#waiters.wake(end.taskId);
      this.#streams.end(end.taskId, endEvent(end.body));
      await this.#armAlarm();
      if (callback) this.ctx.waitUntil(this.#sendCallbacks());
    }
    // Also for a repeat: this object may have died over the first one, and who has had it says so.
    await this.#sockets.bringEnds();
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

  /** A task's event stream, which the Worker has authorised: `/<task id>?user=<id>&session=<sign-in>&until=<ms>`, resumed by `Last-Event-ID`. */
  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const taskId = pathname.slice(1);
    const authSessionId = searchParams.get("session") ?? "";
    // A ticket outlives the sign-in that asked for it by less than a minute, and so long a logout is remembered.
    if (this.#sockets.isTurnedAway(authSessionId)) return new Response(null, { status: 401 });
    const lastEventId = request.headers.get("Last-Event-ID");
    if (lastEventId === END_ID) return nothingMore();
    if (!this.#log.of(taskId)) await this.#refresh(Number(searchParams.get("user")));
    const end = this.#log.of(taskId);
    if (end) return streamResponse(endEvent(end.body));
    const newest = this.#progress.of(taskId);
    const known = newest && !hasHad(lastEventId, newest) ? [progressEvent(newest)] : [];
    const stream = this.#streams.open({ taskId, authSessionId, expiresAt: Number(searchParams.get("until")) }, known, Date.now());
    return streamResponse(stream);
  }

  /** Ends every socket and stream of these sign-ins or API keys; once it has returned they are told. */
  async endSessions(authSessionIds: string[], reason: string): Promise<void> {
    for (const id of authSessionIds) this.#streams.endAuthSession(id);
    await this.#sockets.endAuthSessions(authSessionIds, reason);
  }

  /** The same for the user's all. Who disables an account writes that to D1 first: a CONNECT after that is refused there. */
  async endAllSessions(reason: string): Promise<void> {
    this.#streams.endAll();
    await this.#sockets.endAll(reason);
  }

  override async alarm(): Promise<void> {
    this.#dropOld(Date.now());
    await this.#sockets.retryDue();
    await this.#sendCallbacks();
    await this.#armAlarm();
  }

  /** Tells it to all who look, unless something newer has been told. */
  #take(message: ProgressMessage): void {
    const { taskId } = message;
    if (this.#log.of(taskId)) return;
    if ((this.#progress.of(taskId)?.message.attempt ?? message.attempt) < message.attempt) this.#previews.forget(taskId);
    const preview = this.#previews.pathOf(taskId);
    const previewUrl = preview === null ? {} : { previewUrl: `${this.#publicBaseUrl}/previews/${this.ctx.id.toString()}/${preview}` };
    const progress = this.#progress.accept({ ...message, ...previewUrl }, () => this.#log.nextId());
    if (!progress) return;
    this.#streams.send(taskId, progressEvent(progress));
    this.#sockets.touch(taskId);
  }

  /** Asks the Dispatchers how the live tasks are, once for all who ask meanwhile; they learn that somebody looks. Never fails. */
  #refresh(userId: number): Promise<void> {
    this.#refreshing ??= (async () => {
      try {
        const deps = createDeps(this.env);
        const live = await deps.listLive(userId, WATCHED_TASKS);
        for (const message of await deps.watchTasks(live)) this.#take(message);
      } catch (error) {
        log("warn", "live tasks not asked for", { userId, error: String(error) });
      } finally {
        this.#refreshing = null;
      }
    })();
    return this.#refreshing;
  }

  #dropOld(now: number): void {
    const droppedUpTo = this.#log.drop(now);
    if (droppedUpTo !== null) this.#store.dropEndsUpTo(droppedUpTo);
  }

  /** One alarm for all reasons, moved only when the earliest became earlier. */
  async #armAlarm(): Promise<void> {
    const reasons = [this.#log.nextExpiry(), this.#callbacks.earliestDue(), this.#sockets.earliestDue()];
    const next = Math.min(...reasons.map((due) => due ?? Infinity));
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
}
