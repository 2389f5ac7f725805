import { Holds } from "../queue/holds.ts";
import { parseLineKey } from "../queue/requirement.ts";
import { numberOf, type SqlDatabase, textOf } from "./sql-database.ts";

/** The holds in memory, and in SQLite for the next time the object wakes. */
export function createStoredHolds(sql: SqlDatabase): Holds {
  // Times with a fraction: a load is measured in them.
  sql.exec("CREATE TABLE IF NOT EXISTS holds (line TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID");
  const held = sql
    .exec("SELECT line, until FROM holds")
    .toArray()
    .map((row) => ({ line: parseLineKey(textOf(row, "line")), until: numberOf(row, "until") }));
  return new Holds(held, (key, until) => {
    if (until === null) sql.exec("DELETE FROM holds WHERE line = ?", key);
    else sql.exec("INSERT INTO holds VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until", key, until);
  });
}
