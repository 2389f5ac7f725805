/** Things that arrive in their own time; a test takes the next one that fits, waiting for it if need be. */
export class Inbox<T> {
  readonly #waiting: { fits: (item: T) => boolean; resolve: (item: T) => void }[] = [];
  readonly #items: T[] = [];
  /** All that ever arrived, taken or not. */
  readonly seen: T[] = [];

  push(item: T): void {
    this.seen.push(item);
    const index = this.#waiting.findIndex(({ fits }) => fits(item));
    if (index < 0) this.#items.push(item);
    else this.#waiting.splice(index, 1)[0]?.resolve(item);
  }

  take(fits: (item: T) => boolean = () => true): Promise<T> {
    const index = this.#items.findIndex(fits);
    const found = index < 0 ? undefined : this.#items.splice(index, 1)[0];
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  }
}
