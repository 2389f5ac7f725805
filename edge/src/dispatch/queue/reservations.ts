/** Long enough for the Worker to put a task on record and hand it over; what takes longer is found by the sweep. */
const RESERVED_MS = 10_000;

/**
 * Places in the queue that were promised to tasks on their way, so that parallel submissions do not all find the same
 * place free. In memory: after a restart the limits are off by what was on its way in that moment.
 */
export class Reservations {
  /** By task, in the order in which they run out. */
  readonly #open = new Map<string, { userId: number; until: number }>();
  readonly #ofUser = new Map<number, number>();

  take(userId: number, taskId: string, now: number): void {
    this.release(taskId);
    this.#open.set(taskId, { userId, until: now + RESERVED_MS });
    this.#ofUser.set(userId, (this.#ofUser.get(userId) ?? 0) + 1);
  }

  /** The task has arrived, or is known not to come. */
  release(taskId: string): void {
    const reservation = this.#open.get(taskId);
    if (!reservation) return;
    this.#open.delete(taskId);
    const left = (this.#ofUser.get(reservation.userId) ?? 0) - 1;
    if (left > 0) this.#ofUser.set(reservation.userId, left);
    else this.#ofUser.delete(reservation.userId);
  }

  count(now: number): number {
    this.#dropPast(now);
    return this.#open.size;
  }

  countOf(userId: number, now: number): number {
    this.#dropPast(now);
    return this.#ofUser.get(userId) ?? 0;
  }

  #dropPast(now: number): void {
    for (const [taskId, { until }] of this.#open) {
      if (until > now) return;
      this.release(taskId);
    }
  }
}
