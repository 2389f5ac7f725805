interface Parked {
  caller: object;
  /** Not before this time. */
  notBefore: number;
  goOn: (isAlive: boolean) => void;
}

/** Calls that are under way. Each goes on in an event of its own, in any order, or never when its caller died over it. */
export class Parking {
  #parked: Parked[] = [];

  get size(): number {
    return this.#parked.length;
  }

  /** @returns false when the caller died meanwhile */
  wait(caller: object, notBefore = -Infinity): Promise<boolean> {
    return new Promise((goOn) => this.#parked.push({ caller, notBefore, goOn }));
  }

  holds(caller: object): boolean {
    return this.#parked.some((parked) => parked.caller === caller);
  }

  /** @param below picks one of so many */
  goOn(now: number, below: (many: number) => number): void {
    const ready = this.#parked.filter(({ notBefore }) => notBefore <= now);
    const chosen = ready[below(ready.length)];
    if (!chosen) return;
    this.#parked = this.#parked.filter((parked) => parked !== chosen);
    chosen.goOn(true);
  }

  /** The caller died: nothing of what it waited for comes back. */
  dieWith(caller: object): void {
    const dead = this.#parked.filter((parked) => parked.caller === caller);
    this.#parked = this.#parked.filter((parked) => parked.caller !== caller);
    for (const parked of dead) parked.goOn(false);
  }
}

/** What waits for this waits for ever. */
export const never = (): Promise<never> => new Promise<never>(() => {});
