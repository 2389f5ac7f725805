import { type SqlDatabase, textOf } from "./sqlite-store.ts";
import type { Duty } from "./types.ts";

export interface OutboxEntry {
  id: number;
  duty: Duty;
  tries: number;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;

/** When a duty that failed for the n-th time is tried again. */
export const retryDelayMs = (tries: number): number => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries);

/**
 * What a decision promised and D1 or a hub has not taken yet, stored with the decision. Duties of one task are done in
 * the order they came, each until it succeeds; those of different tasks do not wait for each other.
 */
export function createOutbox(sql: SqlDatabase) {
  sql.exec(`CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL)`);
  sql.exec("CREATE INDEX IF NOT EXISTS outbox_task ON outbox (task_id, id)");

  return {
    add(duty: Duty): void {
      sql.exec("INSERT INTO outbox (task_id, body, due_at) VALUES (?, ?, ?)", duty.taskId, JSON.stringify(duty), duty.at);
    },
    /** The oldest duty of a task, if it is due. */
    next(taskId: string, now: number): OutboxEntry | null {
      const row = sql.exec("SELECT id, body, tries, due_at FROM outbox WHERE task_id = ? ORDER BY id LIMIT 1", taskId).toArray()[0];
      if (!row || Number(row["due_at"]) > now) return null;
      return { id: Number(row["id"]), duty: JSON.parse(textOf(row, "body")) as Duty, tries: Number(row["tries"]) };
    },
    /** Tasks that have a duty due. */
    dueTasks(now: number): string[] {
      return sql
        .exec("SELECT DISTINCT task_id FROM outbox WHERE due_at <= ?", now)
        .toArray()
        .map((row) => textOf(row, "task_id"));
    },
    done(id: number): void {
      sql.exec("DELETE FROM outbox WHERE id = ?", id);
    },
    postpone({ id, tries }: OutboxEntry, now: number): void {
      sql.exec("UPDATE outbox SET tries = ?, due_at = ? WHERE id = ?", tries + 1, now + retryDelayMs(tries), id);
    },
    earliestDue(): number | null {
      const due = sql.exec("SELECT min(due_at) AS due FROM outbox").toArray()[0]?.["due"];
      return typeof due === "number" ? due : null;
    },
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
