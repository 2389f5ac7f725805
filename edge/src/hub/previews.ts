/** At most one a second of a task; a little less is a clock's fault. */
const INTERVAL_MS = 800;
/** Of live tasks; the one that was silent longest makes room. */
const MAX_PREVIEWS = 50;

export interface Picture {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

interface Preview extends Picture {
  readonly token: string;
  readonly version: number;
  readonly takenAt: number;
}

/** The newest small picture of each running step, in memory alone: nothing is lost that would still mean something. */
export class Previews {
  readonly #ofTask = new Map<string, Preview>();
  readonly #newToken: () => string;

  /** @param newToken unguessable: whoever knows it may look */
  constructor(newToken: () => string) {
    this.#newToken = newToken;
  }

  /** @returns false when the one before is younger than a second. */
  put(taskId: string, picture: Picture, now: number): boolean {
    const before = this.#ofTask.get(taskId);
    if (before && now - before.takenAt < INTERVAL_MS) return false;
    this.#ofTask.delete(taskId);
    const token = before?.token ?? this.#newToken();
    this.#ofTask.set(taskId, { ...picture, token, version: (before?.version ?? 0) + 1, takenAt: now });
    const [stalest] = this.#ofTask.keys();
    if (stalest !== undefined && this.#ofTask.size > MAX_PREVIEWS) this.#ofTask.delete(stalest);
    return true;
  }

  /** The end of its address, which is another one for each picture; null when there is none. */
  pathOf(taskId: string): string | null {
    const preview = this.#ofTask.get(taskId);
    return preview ? `${preview.token}/${preview.version}` : null;
  }

  /** The newest picture of the task with that token. */
  find(token: string): Picture | null {
    return [...this.#ofTask.values()].find((preview) => preview.token === token) ?? null;
  }

  /** The task has ended, or begins anew. */
  forget(taskId: string): void {
    this.#ofTask.delete(taskId);
  }
}
