export type SqlRow = Record<string, string | number | null | ArrayBuffer>;
type SqlValue = string | number | null;

/** What a Durable Object's `ctx.storage.sql` offers of SQLite; a test can hand in another one. */
export interface SqlDatabase {
  exec(query: string, ...bindings: SqlValue[]): { toArray(): SqlRow[] };
}

/** A text column of a row. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`${column} is no text`);
  return value;
}

/** A number column of a row. */
export function numberOf(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`${column} is no number`);
  return value;
}

/** The column `n` of the first row; null without one. */
export function firstNumber(sql: SqlDatabase, query: string, ...bindings: SqlValue[]): number | null {
  const value = sql.exec(query, ...bindings).toArray()[0]?.["n"];
  return typeof value === "number" ? value : null;
}

/** The JSON in the column `body` of each row. */
export const bodiesOf = <T>(sql: SqlDatabase, query: string, ...bindings: SqlValue[]): T[] =>
  sql
    .exec(query, ...bindings)
    .toArray()
    .map((row) => JSON.parse(textOf(row, "body")) as T);
