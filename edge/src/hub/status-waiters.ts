/** Requests of one user that may be held at once; further ones are answered with what is known now. */
const MAX_HELD = 100;

interface Held {
  /** Resolves when the task's status may have changed. */
  changed: Promise<void>;
  /** Must be called once the request is answered. */
  leave(): void;
}

/** Requests that are held until the status of their task changes. Lost with memory: their callers ask again. */
export class StatusWaiters {
  readonly #waking = new Map<string, Set<() => void>>();
  #held = 0;

  /** @returns null when too many are held already. */
  hold(taskId: string): Held | null {
    if (this.#held >= MAX_HELD) return null;
    this.#held++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const ofTask = this.#waking.get(taskId) ?? new Set();
    this.#waking.set(taskId, ofTask.add(resolve));
    return {
      changed: promise,
      leave: () => {
        if (!ofTask.delete(resolve)) return;
        this.#held--;
        if (ofTask.size === 0 && this.#waking.get(taskId) === ofTask) this.#waking.delete(taskId);
      },
    };
  }

  /** Each of them still leaves by itself. */
  wake(taskId: string): void {
    for (const resolve of this.#waking.get(taskId) ?? []) resolve();
  }
}
