/** Whom to tell that something is now otherwise. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Nobody is told any more. */
  close(): void {
    this.#listeners.clear();
  }
}
