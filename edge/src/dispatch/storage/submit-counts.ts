import { firstNumber, type SqlDatabase } from "./sql-database.ts";

/** How far each user is with submitting, in the Dispatcher's SQLite: a restart gives nobody a fresh start. */
export interface SubmitCounts {
  /** When the user's bucket is full again; null for one that is full. */
  fullAtOf(userId: number): number | null;
  setFullAt(userId: number, fullAt: number): void;
  /** Forgets buckets that are full again. */
  dropFull(now: number): void;
}

export function createSubmitCounts(sql: SqlDatabase): SubmitCounts {
  sql.exec("CREATE TABLE IF NOT EXISTS submit_counts (user_id INTEGER PRIMARY KEY, full_at INTEGER NOT NULL)");
  return {
    fullAtOf(userId) {
      return firstNumber(sql, "SELECT full_at AS n FROM submit_counts WHERE user_id = ?", userId);
    },
    setFullAt(userId, fullAt) {
      sql.exec("INSERT INTO submit_counts VALUES (?, ?) ON CONFLICT DO UPDATE SET full_at = excluded.full_at", userId, fullAt);
    },
    dropFull(now) {
      sql.exec("DELETE FROM submit_counts WHERE full_at <= ?", now);
    },
  };
}
