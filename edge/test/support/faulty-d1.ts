/** Runs a call, or fails before it or after it; whoever waits for the answer cannot tell which. */
export type Around = <T>(call: () => Promise<T>) => Promise<T>;

/** A statement behind which the real one stands: a batch is given the real ones. */
class FaultyStatement {
  readonly inner: D1PreparedStatement;
  readonly #around: Around;

  constructor(inner: D1PreparedStatement, around: Around) {
    this.inner = inner;
    this.#around = around;
  }

  bind(...values: unknown[]): FaultyStatement {
    return new FaultyStatement(this.inner.bind(...values), this.#around);
  }

  first(): Promise<unknown> {
    return this.#around(() => this.inner.first());
  }

  run(): Promise<unknown> {
    return this.#around(() => this.inner.run());
  }

  all(): Promise<unknown> {
    return this.#around(() => this.inner.all());
  }

  raw(): Promise<unknown> {
    return this.#around(() => this.inner.raw());
  }
}

/** A D1 whose every query and batch goes through `around`. */
export function faultyD1(database: D1Database, around: Around): D1Database {
  const faulty = {
    prepare: (query: string) => new FaultyStatement(database.prepare(query), around),
    batch: (statements: FaultyStatement[]) => around(() => database.batch(statements.map(({ inner }) => inner))),
  };
  // drizzle calls no more of it than this.
  return faulty as unknown as D1Database;
}
