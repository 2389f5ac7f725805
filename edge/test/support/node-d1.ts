import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

const MIGRATIONS = path.join(import.meta.dirname, "../../../migrations");

interface Statement {
  bind(...values: unknown[]): Statement;
  first(column?: string): Promise<unknown>;
  run(): Promise<D1Result>;
  all(): Promise<D1Result>;
  raw(): Promise<unknown[][]>;
  /** Runs now, inside whatever transaction there is. */
  execute(): D1Result;
}

/** Applies the migrations of these numbers, `0008` as 8; all of them unless told otherwise. */
export function migrate(sqlite: DatabaseSync, { from = 1, to = Infinity }: { from?: number; to?: number } = {}): void {
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    const number = Number(file.slice(0, 4));
    if (number >= from && number <= to) sqlite.exec(readFileSync(path.join(MIGRATIONS, file), "utf8"));
  }
}

/**
 * D1 for tests in plain Node: the real migrations on `node:sqlite`, behind as much of D1's interface as drizzle uses. A
 * batch is one transaction, rolled back whole by its first error, as in D1.
 */
export function openNodeD1(): { d1: D1Database; sqlite: DatabaseSync } {
  const sqlite = new DatabaseSync(":memory:");
  migrate(sqlite);
  const prepared = new Map<string, StatementSync>();
  const asArrays = new Map<string, StatementSync>();
  const changes = sqlite.prepare("SELECT total_changes() AS n");

  function prepare(query: string, bindings: SQLInputValue[] = []): Statement {
    const statement = () => {
      const known = prepared.get(query) ?? sqlite.prepare(query);
      prepared.set(query, known);
      return known;
    };
    const execute = (): D1Result => {
      const before = totalChanges();
      const results = statement().all(...bindings);
      return { success: true, results, meta: aMeta(totalChanges() - before) };
    };
    return {
      bind: (...values) => prepare(query, values.map(toInput)),
      first: async (column) => {
        const row = statement().get(...bindings);
        return row && column ? row[column] : (row ?? null);
      },
      run: async () => execute(),
      all: async () => execute(),
      raw: async () => {
        const rows = asArrays.get(query) ?? sqlite.prepare(query);
        rows.setReturnArrays(true);
        asArrays.set(query, rows);
        return rows.all(...bindings).map((row) => Object.values(row));
      },
      execute,
    };
  }

  function totalChanges(): number {
    return Number(changes.get()?.["n"]);
  }

  async function batch(statements: Statement[]): Promise<D1Result[]> {
    sqlite.exec("BEGIN");
    try {
      const results = statements.map((statement) => statement.execute());
      sqlite.exec("COMMIT");
      return results;
    } catch (error) {
      sqlite.exec("ROLLBACK");
      throw error;
    }
  }

  // drizzle calls no more of it than this.
  return { d1: { prepare, batch } as unknown as D1Database, sqlite };
}

function toInput(value: unknown): SQLInputValue {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  throw new TypeError(`not bound to D1: ${typeof value}`);
}

const aMeta = (changes: number): D1Result["meta"] => ({
  changed_db: changes > 0,
  changes,
  duration: 0,
  last_row_id: 0,
  rows_read: 0,
  rows_written: changes,
  size_after: 0,
});
