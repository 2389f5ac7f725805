import { DatabaseSync } from "node:sqlite";
import type { SqlDatabase } from "../storage/sql-database.ts";

/** A fresh SQLite as a Durable Object offers it, and the statements that were asked of it. */
export function openNodeSql(): SqlDatabase & { readonly database: DatabaseSync; readonly asked: string[] } {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const asked: string[] = [];
  return {
    database,
    asked,
    exec(query, ...bindings) {
      // Several statements at once have neither bindings nor rows.
      if (query.trim().includes(";")) {
        database.exec(query);
        return { toArray: () => [] };
      }
      asked.push(query);
      const statement = prepared.get(query) ?? database.prepare(query);
      prepared.set(query, statement);
      const rows = statement
        .all(...bindings)
        .map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, toCell(value)])));
      return { toArray: () => rows };
    },
  };
}

function toCell(value: unknown): string | number | null {
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TypeError(`no cell of the work list: ${typeof value}`);
}
