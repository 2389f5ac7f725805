import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import type { HadUpTo } from "../stomp/had-up-to.ts";
import type { Push } from "../stomp/session-state.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveProgress } from "./live-progress.ts";
import type { LiveSession } from "./session-registry.ts";

/** Ends that go into one call. */
const MAX_ENDS = 100;
const { progress: PROGRESS, result: RESULT } = PUSH_DESTINATIONS;

interface Feed {
  /** The newest end it has had; null until it has said so. */
  endsAfter: number | null;
  /** Tasks whose newest progress it has not had. */
  behindOn: Set<string>;
}

/**
 * What each socket is still to be sent: the ends after its own place in the log, and the newest progress of tasks that have moved
 * since it was told. Progress that is overtaken while a call is under way is never sent. A session says itself how far it is, so
 * nothing here has to outlive the hub.
 */
export class SessionFeeds {
  readonly #feeds = new Map<string, Feed>();
  readonly #log: EventLog;
  readonly #progress: LiveProgress;

  constructor(log: EventLog, progress: LiveProgress) {
    this.#log = log;
    this.#progress = progress;
  }

  /** A subscription begins: it is owed what is known already. */
  start(sessionObjectId: string, destination: string, startAfter: number): void {
    const feed = this.#of(sessionObjectId);
    if (destination === PROGRESS) for (const taskId of this.#progress.tasks()) feed.behindOn.add(taskId);
    // One that has not said how far it is will say so first.
    if (destination === RESULT && feed.endsAfter !== null) feed.endsAfter = Math.min(feed.endsAfter, startAfter);
  }

  /** That task has moved. */
  touch(sessionObjectId: string, taskId: string): void {
    this.#of(sessionObjectId).behindOn.add(taskId);
  }

  /** What it is to be sent next, in the order of events; empty to ask how far it is; null when it has everything. */
  next({ objectId, destinations }: LiveSession): Push[] | null {
    const feed = this.#of(objectId);
    const behindOn = destinations.includes(PROGRESS) ? [...feed.behindOn] : [];
    feed.behindOn.clear();
    const wantsEnds = destinations.includes(RESULT);
    const moves = behindOn.flatMap((taskId) => this.#pushOf(taskId));
    if (wantsEnds && feed.endsAfter === null) return moves.length > 0 || this.#log.nextExpiry() !== null ? moves : null;
    const ends = wantsEnds && feed.endsAfter !== null ? this.#log.after(feed.endsAfter, MAX_ENDS) : [];
    const pushes = [...moves, ...ends.map(({ eventId, body }) => ({ destination: RESULT, body, eventId, isDroppable: false }))];
    return pushes.length > 0 ? pushes.toSorted((a, b) => a.eventId - b.eventId) : null;
  }

  /** It has taken them. @param hadUpTo how far it is now, by destination */
  settle(sessionObjectId: string, pushes: readonly Push[], hadUpTo: HadUpTo): void {
    const feed = this.#of(sessionObjectId);
    const lastEnd = pushes.findLast(({ destination }) => destination === RESULT)?.eventId;
    // One that is not subscribed any more, by its own account, has nothing to wait for.
    feed.endsAfter = hadUpTo[RESULT] ?? lastEnd ?? feed.endsAfter ?? this.#log.newestId;
  }

  /** Whether it has taken them is not known. */
  fail(sessionObjectId: string): void {
    const feed = this.#of(sessionObjectId);
    feed.endsAfter = null;
    for (const taskId of this.#progress.tasks()) feed.behindOn.add(taskId);
  }

  forget(sessionObjectId: string): void {
    this.#feeds.delete(sessionObjectId);
  }

  #pushOf(taskId: string): Push[] {
    const newest = this.#progress.of(taskId);
    if (!newest) return [];
    return [{ destination: PROGRESS, body: JSON.stringify(newest.message), eventId: newest.eventId, isDroppable: true }];
  }

  #of(sessionObjectId: string): Feed {
    const known = this.#feeds.get(sessionObjectId);
    if (known) return known;
    const feed: Feed = { endsAfter: null, behindOn: new Set() };
    this.#feeds.set(sessionObjectId, feed);
    return feed;
  }
}
