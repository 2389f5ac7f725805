import type { EndMessage } from "@star-graph/shared/push";

/** A client that subscribes without a word of what it has had is told the ends of so long. */
const MISSED_WITHIN_MS = 5 * 60_000;
/** As long, as many and as large as this, ends are kept for a client that says where it was. */
export const KEEP = { ms: 10 * 60_000, ends: 1_000, bytes: 2 * 1024 * 1024 } as const;
/** Event ids are reserved on disk so many at a time: progress is not worth a write each. */
const RESERVE = 1_000;

export interface LoggedEnd {
  readonly eventId: number;
  readonly taskId: string;
  /** The message as it goes into a MESSAGE's body. */
  readonly body: string;
  readonly endedAt: number;
}

export interface SavedLog {
  ends: Iterable<LoggedEnd>;
  /** No id up to this will be given out again. */
  reservedUpTo: number;
  /** The newest end that is no longer kept; 0 when all are. */
  droppedUpTo: number;
}

/** From where on a subscription is told. */
export interface Start {
  /** Everything up to this event counts as told. */
  startAfter: number;
  /** What the client said it has had, where ends since then are no longer kept; null when nothing is missing. */
  gapAfter: number | null;
}

/**
 * The events of one user, numbered. Of progress only the newest state of a task counts, so the log holds the ends: each is
 * there for all who missed it until it is too old. Ids grow; a restart leaves holes between them.
 */
export class EventLog {
  readonly #ends: Map<string, LoggedEnd>;
  readonly #reserve: (upTo: number) => void;
  #newestId: number;
  #reservedUpTo: number;
  #droppedUpTo: number;
  #bytes: number;

  /** @param reserve writes down that ids up to that one may have been given out; called before the first of them is. */
  constructor({ ends, reservedUpTo, droppedUpTo }: SavedLog, reserve: (upTo: number) => void) {
    this.#ends = new Map([...ends].toSorted((a, b) => a.eventId - b.eventId).map((end) => [end.taskId, end]));
    this.#newestId = this.#reservedUpTo = reservedUpTo;
    this.#droppedUpTo = droppedUpTo;
    this.#bytes = [...this.#ends.values()].reduce((sum, { body }) => sum + body.length, 0);
    this.#reserve = reserve;
  }

  get newestId(): number {
    return this.#newestId;
  }

  /** The newest end that is no longer kept; 0 when all are. */
  get droppedUpTo(): number {
    return this.#droppedUpTo;
  }

  nextId(): number {
    this.#newestId += 1;
    if (this.#newestId > this.#reservedUpTo) {
      this.#reservedUpTo = this.#newestId + RESERVE - 1;
      this.#reserve(this.#reservedUpTo);
    }
    return this.#newestId;
  }

  /** @returns null for a repeat, even one that says something else: the first end of a task is its end. */
  add(message: EndMessage, now: number): LoggedEnd | null {
    if (this.#ends.has(message.taskId)) return null;
    const end = { eventId: this.nextId(), taskId: message.taskId, body: JSON.stringify(message), endedAt: now };
    this.#ends.set(end.taskId, end);
    this.#bytes += end.body.length;
    return end;
  }

  of(taskId: string): LoggedEnd | null {
    return this.#ends.get(taskId) ?? null;
  }

  /** Ends after that event, oldest first, at most so many; of those up to `droppedUpTo`, none. */
  after(eventId: number, limit: number): LoggedEnd[] {
    if (eventId >= this.#newestId) return [];
    const later: LoggedEnd[] = [];
    for (const end of this.#ends.values()) {
      if (end.eventId > eventId) later.push(end);
      if (later.length === limit) break;
    }
    return later;
  }

  /** Where a subscription to ends begins. @param after the newest event that the client says it has had; null when it says nothing */
  startOfEnds(after: number | null, now: number): Start {
    if (after === null) {
      const old = [...this.#ends.values()].findLast(({ endedAt }) => now - endedAt >= MISSED_WITHIN_MS);
      return { startAfter: old?.eventId ?? this.#droppedUpTo, gapAfter: null };
    }
    const isKnown = after >= this.#droppedUpTo && after <= this.#newestId;
    return isKnown ? { startAfter: after, gapAfter: null } : { startAfter: this.#droppedUpTo, gapAfter: after };
  }

  /** The same for progress: its newest state is all there is to be told, so nothing can be missing. */
  startOfProgress(after: number | null): Start {
    return { startAfter: after !== null && after <= this.#newestId ? after : 0, gapAfter: null };
  }

  /** Drops what is too old or too much. @returns the event up to which no end is kept, when that has changed. */
  drop(now: number): number | null {
    const before = this.#droppedUpTo;
    for (const { taskId, eventId, endedAt, body } of this.#ends.values()) {
      if (now - endedAt < KEEP.ms && this.#ends.size <= KEEP.ends && this.#bytes <= KEEP.bytes) break;
      this.#ends.delete(taskId);
      this.#bytes -= body.length;
      this.#droppedUpTo = eventId;
    }
    return this.#droppedUpTo === before ? null : this.#droppedUpTo;
  }

  /** When the oldest end is too old; null when there is none. */
  nextExpiry(): number | null {
    const [oldest] = this.#ends.values();
    return oldest ? oldest.endedAt + KEEP.ms : null;
  }
}
