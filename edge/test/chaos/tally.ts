/** Checks as they are made: what failed is kept in words. */
export class Tally {
  passed = 0;
  readonly failures: string[] = [];

  check(holds: boolean, otherwise: string): void {
    if (holds) this.passed++;
    else this.failures.push(otherwise);
  }

  /** That these rows, which say what is wrong, are none. */
  none(rows: readonly unknown[], what: string): void {
    this.check(rows.length === 0, `${what}: ${rows.length}, among them ${JSON.stringify(rows.slice(0, 3))}`);
  }
}

/** How often what happened. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(kind: string, times = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + times);
  }

  get(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  toString(): string {
    return [...this.#counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([kind, times]) => `  ${String(times).padStart(6)}  ${kind}`)
      .join("\n");
  }
}
