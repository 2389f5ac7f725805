import { type GapMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
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
  /** Whether a subscription to ends has begun since it was last called: its answer may be of before that. */
  hasBegunAnew: boolean;
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
    if (destination !== RESULT) return;
    if (feed.endsAfter !== null) feed.endsAfter = Math.min(feed.endsAfter, startAfter);
    feed.hasBegunAnew = true;
  }

  /** That task has moved. */
  touch(sessionObjectId: string, taskId: string): void {
    this.#of(sessionObjectId).behindOn.add(taskId);
  }

  /** What it is to be sent next, in the order of events; empty to ask how far it is; null when it has everything. */
  next({ objectId, destinations }: LiveSession): Push[] | null {
    const feed = this.#of(objectId);
    feed.hasBegunAnew = false;
    const wantsEnds = destinations.includes(RESULT);
    if (!destinations.includes(PROGRESS)) feed.behindOn.clear();
    // No progress before an end that is older: a client that goes by the newest event it has had would lose that end.
    if (wantsEnds && feed.endsAfter === null && this.#log.nextExpiry() !== null) return [];
    const ends = wantsEnds && feed.endsAfter !== null ? this.#endsAfter(feed.endsAfter) : [];
    const lastEnd = ends.length < MAX_ENDS ? Infinity : (ends.at(-1)?.eventId ?? Infinity);
    const moves = [...feed.behindOn].flatMap((taskId) => this.#pushOf(taskId, lastEnd, feed));
    const pushes = [...moves, ...ends];
    return pushes.length > 0 ? pushes.toSorted((a, b) => a.eventId - b.eventId) : null;
  }

  /** It has taken them. @param hadUpTo how far it is now, by destination */
  settle(sessionObjectId: string, pushes: readonly Push[], hadUpTo: HadUpTo): void {
    const feed = this.#of(sessionObjectId);
    const lastEnd = pushes.findLast(({ destination }) => destination === RESULT)?.eventId;
    // One that is not subscribed any more, by its own account, has nothing to wait for.
    feed.endsAfter = feed.hasBegunAnew ? null : (hadUpTo[RESULT] ?? lastEnd ?? feed.endsAfter ?? this.#log.newestId);
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

  /** The next ends; before them, that some are missing, when those were dropped before it could be told. */
  #endsAfter(eventId: number): Push[] {
    const { droppedUpTo } = this.#log;
    const ends = this.#log
      .after(eventId, MAX_ENDS)
      .map(({ eventId: id, body }) => ({ destination: RESULT, body, eventId: id, isDroppable: false }));
    if (eventId >= droppedUpTo) return ends;
    const gap: GapMessage = { type: "gap", afterEventId: eventId, resumedAfterEventId: droppedUpTo };
    return [{ destination: RESULT, body: JSON.stringify(gap), eventId: droppedUpTo, isDroppable: false }, ...ends];
  }

  /** The task's newest progress, which is then told; nothing when that is later than so. */
  #pushOf(taskId: string, upTo: number, { behindOn }: Feed): Push[] {
    const newest = this.#progress.of(taskId);
    if (newest && newest.eventId > upTo) return [];
    behindOn.delete(taskId);
    if (!newest) return [];
    return [{ destination: PROGRESS, body: JSON.stringify(newest.message), eventId: newest.eventId, isDroppable: true }];
  }

  #of(sessionObjectId: string): Feed {
    const known = this.#feeds.get(sessionObjectId);
    if (known) return known;
    const feed: Feed = { endsAfter: null, hasBegunAnew: false, behindOn: new Set() };
    this.#feeds.set(sessionObjectId, feed);
    return feed;
  }
}
