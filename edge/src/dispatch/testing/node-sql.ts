import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { SqlDatabase, SqlRow } from "../storage/sql-database.ts";

/** A fresh SQLite as a Durable Object offers it, and the statements that were asked of it. */
export function openNodeSql(): SqlDatabase & { readonly database: DatabaseSync; readonly asked: string[] } {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
  const asked: string[] = [];
  return {
    database,
    asked,
    exec(query, ...bindings) {
      const statement = prepared.get(query) ?? prepare(query);
      if (!statement) return NO_ROWS;
      asked.push(query);
      const rows = statement.all(...bindings).map(toRow);
      return { toArray: () => rows };
    },
  };

  /** @returns null for several statements at once, which have neither bindings nor rows and are run here */
  function prepare(query: string): StatementSync | null {
    if (query.trim().includes(";")) {
      database.exec(query);
      return null;
    }
    const statement = database.prepare(query);
    prepared.set(query, statement);
    return statement;
  }
}

const NO_ROWS = { toArray: () => [] };

function toRow(row: Record<string, SQLOutputValue>): SqlRow {
  for (const column in row) checkCell(row[column]);
  return row as SqlRow;
}

function checkCell(value: unknown): void {
  if (typeof value === "string" || typeof value === "number" || value === null) return;
  throw new TypeError(`no cell of the work list: ${typeof value}`);
}
