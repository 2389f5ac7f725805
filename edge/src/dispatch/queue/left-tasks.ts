/** No read of D1 that was begun before a task left is still under way after this. */
const REMEMBER_MS = 60_000;

/**
 * Tasks that have been handed to another shard: what was read or sent before must not bring them back. Lost with the object's
 * memory, as are the reads that it guards against.
 */
export class LeftTasks {
  readonly #leftAt = new Map<string, number>();

  add(taskId: string, now: number): void {
    for (const [earlier, leftAt] of this.#leftAt) if (now - leftAt >= REMEMBER_MS) this.#leftAt.delete(earlier);
    this.#leftAt.set(taskId, now);
  }

  has(taskId: string, now: number): boolean {
    const leftAt = this.#leftAt.get(taskId);
    return leftAt !== undefined && now - leftAt < REMEMBER_MS;
  }

  /** It came back on purpose. */
  forget(taskId: string): void {
    this.#leftAt.delete(taskId);
  }
}
