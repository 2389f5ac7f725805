import { Vips } from "../queue/vips.ts";
import { numberOf, type SqlDatabase } from "./sql-database.ts";

/** The levels in memory, and in SQLite for the next time the object wakes. */
export function createStoredVips(sql: SqlDatabase): Vips {
  sql.exec("CREATE TABLE IF NOT EXISTS vips (user_id INTEGER PRIMARY KEY, level INTEGER NOT NULL, until INTEGER)");
  const known = sql
    .exec("SELECT user_id, level, until FROM vips")
    .toArray()
    .map((row): [number, { level: number; until: number | null }] => [
      numberOf(row, "user_id"),
      { level: numberOf(row, "level"), until: row["until"] === null ? null : numberOf(row, "until") },
    ]);
  return new Vips(known, (userId, vip) => {
    if (vip === null) sql.exec("DELETE FROM vips WHERE user_id = ?", userId);
    else
      sql.exec(
        "INSERT INTO vips VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET level = excluded.level, until = excluded.until",
        userId,
        vip.level,
        vip.until,
      );
  });
}
