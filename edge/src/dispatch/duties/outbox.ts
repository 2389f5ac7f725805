import { firstNumber, type SqlDatabase, textOf } from "../storage/sql-database.ts";
import type { Duty } from "../queue/types.ts";

export interface OutboxEntry {
  id: number;
  duty: Duty;
  tries: number;
}

export interface OutboxFigures {
  /** Duties that failed and are tried again. */
  failing: number;
  /** Duties that were given up since the object has its storage (`give-up.ts`). */
  givenUp: number;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/** As long as this a duty counts as under way: an object that dies over it finds it due again afterwards. */
const UNDER_WAY_MS = 10_000;

/** When a duty that failed for the n-th time is tried again. */
export const retryDelayMs = (tries: number): number => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries);

/**
 * What a decision promised and D1 or a hub has not taken yet, stored with the decision. Duties of one task are done in
 * the order they came, each until it succeeds; those of different tasks do not wait for each other.
 */
export function createOutbox(sql: SqlDatabase) {
  // Only the oldest duty of a task has a due time: a later one that had would wake the object for nothing.
  sql.exec(`CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER)`);
  sql.exec("CREATE INDEX IF NOT EXISTS outbox_task ON outbox (task_id, id)");
  sql.exec("CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL");
  sql.exec("CREATE TABLE IF NOT EXISTS outbox_given_up (id INTEGER PRIMARY KEY CHECK (id = 1), duties INTEGER NOT NULL)");
  const setDue = (id: number, dueAt: number) => sql.exec("UPDATE outbox SET due_at = ? WHERE id = ?", dueAt, id);

  return {
    add(duty: Duty): void {
      const isFirst = sql.exec("SELECT 1 FROM outbox WHERE task_id = ? LIMIT 1", duty.taskId).toArray().length === 0;
      sql.exec("INSERT INTO outbox (task_id, body, due_at) VALUES (?, ?, ?)", duty.taskId, JSON.stringify(duty), isFirst ? duty.at : null);
    },
    /** The oldest duty of a task, if it is due; from here it is under way, and not due for a while. */
    next(taskId: string, now: number): OutboxEntry | null {
      const row = sql.exec("SELECT id, body, tries, due_at FROM outbox WHERE task_id = ? ORDER BY id LIMIT 1", taskId).toArray()[0];
      if (!row || Number(row["due_at"]) > now) return null;
      const id = Number(row["id"]);
      setDue(id, now + UNDER_WAY_MS);
      return { id, duty: JSON.parse(textOf(row, "body")) as Duty, tries: Number(row["tries"]) };
    },
    hasDuties: (taskId: string): boolean => sql.exec("SELECT 1 FROM outbox WHERE task_id = ? LIMIT 1", taskId).toArray().length > 0,
    /** Tasks that have a duty due. */
    dueTasks(now: number): string[] {
      return sql
        .exec("SELECT task_id FROM outbox WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at", now)
        .toArray()
        .map((row) => textOf(row, "task_id"));
    },
    done(id: number): void {
      const ended = sql.exec("DELETE FROM outbox WHERE id = ? RETURNING task_id", id).toArray()[0];
      if (!ended) return;
      sql.exec("UPDATE outbox SET due_at = 0 WHERE id = (SELECT min(id) FROM outbox WHERE task_id = ?)", textOf(ended, "task_id"));
    },
    /** Its oldest duty is still under way: not due for another while. */
    stillUnderWay(taskId: string, now: number): void {
      sql.exec("UPDATE outbox SET due_at = ? WHERE id = (SELECT min(id) FROM outbox WHERE task_id = ?)", now + UNDER_WAY_MS, taskId);
    },
    postpone({ id, tries }: OutboxEntry, now: number): void {
      sql.exec("UPDATE outbox SET tries = ? WHERE id = ?", tries + 1, id);
      setDue(id, now + retryDelayMs(tries));
    },
    countGivenUp: () => void sql.exec("INSERT INTO outbox_given_up VALUES (1, 1) ON CONFLICT DO UPDATE SET duties = duties + 1"),
    /** For operators: reads what is not done. */
    figures(): OutboxFigures {
      const failing = firstNumber(sql, "SELECT count(*) AS n FROM outbox WHERE tries > 0") ?? 0;
      return { failing, givenUp: firstNumber(sql, "SELECT duties AS n FROM outbox_given_up") ?? 0 };
    },
    earliestDue(): number | null {
      const due = sql.exec("SELECT min(due_at) AS due FROM outbox WHERE due_at IS NOT NULL").toArray()[0]?.["due"];
      return typeof due === "number" ? due : null;
    },
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
