import type { EndMessage } from "@star-graph/shared/push";

/** A client that comes this late is still told. */
const MISSED_WITHIN_MS = 5 * 60_000;
/** As long as this, a repeat is known for one. */
const KEEP_MS = 10 * 60_000;

export interface RecentEnd {
  readonly taskId: string;
  /** The message as it goes into a MESSAGE's body. */
  readonly body: string;
  readonly endedAt: number;
  /** Some session has taken it. */
  readonly isDelivered: boolean;
}

/** Ends of tasks, each told at most once to a session, and kept for those who come a little late. */
export class RecentEnds {
  readonly #ends: Map<string, RecentEnd>;
  /** Sessions that have been handed an end and did not refuse it, by task; a delivery under way counts. */
  readonly #offeredTo = new Map<string, Set<string>>();

  constructor(saved: Iterable<RecentEnd>) {
    this.#ends = new Map([...saved].toSorted((a, b) => a.endedAt - b.endedAt).map((end) => [end.taskId, end]));
  }

  /** @returns null for a repeat, even one that says something else: the first end of a task is its end. */
  add(message: EndMessage, now: number): RecentEnd | null {
    if (this.#ends.has(message.taskId)) return null;
    const end = { taskId: message.taskId, body: JSON.stringify(message), endedAt: now, isDelivered: false };
    this.#ends.set(message.taskId, end);
    return end;
  }

  has(taskId: string): boolean {
    return this.#ends.has(taskId);
  }

  /** The end of that task, whoever has received it; null when there is none in the last minutes. */
  bodyOf(taskId: string): string | null {
    return this.#ends.get(taskId)?.body ?? null;
  }

  /**
   * Tasks whose end a fresh subscription is told, oldest first: all of the last minutes. That another session took one says
   * nothing about this one: it may have been another tab, or a line that was dead without knowing.
   */
  recent(now: number): string[] {
    return [...this.#ends.values()].filter((end) => now - end.endedAt < MISSED_WITHIN_MS).map(({ taskId }) => taskId);
  }

  /** Some session has taken it: a repeat of its publication needs no telling. */
  isDelivered(taskId: string): boolean {
    return this.#ends.get(taskId)?.isDelivered ?? false;
  }

  /** The body to send to a session, or null when it has had it. */
  offer(taskId: string, sessionObjectId: string): string | null {
    const end = this.#ends.get(taskId);
    const offered = this.#offeredTo.get(taskId) ?? new Set();
    if (!end || offered.has(sessionObjectId)) return null;
    this.#offeredTo.set(taskId, offered.add(sessionObjectId));
    return end.body;
  }

  /** Notes what became of an offer. @returns true when this was the first session to take it. */
  settle(taskId: string, sessionObjectId: string, isTaken: boolean): boolean {
    const end = this.#ends.get(taskId);
    if (!isTaken) this.#offeredTo.get(taskId)?.delete(sessionObjectId);
    if (!end || !isTaken || end.isDelivered) return false;
    this.#ends.set(taskId, { ...end, isDelivered: true });
    return true;
  }

  /** Drops what is too old to matter. @returns the time up to which all ends are gone. */
  expire(now: number): number {
    const goneUpTo = now - KEEP_MS;
    for (const { taskId, endedAt } of this.#ends.values()) {
      if (endedAt > goneUpTo) continue;
      this.#ends.delete(taskId);
      this.#offeredTo.delete(taskId);
    }
    return goneUpTo;
  }

  /** When the oldest end expires; null when there is none. */
  nextExpiry(): number | null {
    const [oldest] = this.#ends.values();
    return oldest ? oldest.endedAt + KEEP_MS : null;
  }
}
