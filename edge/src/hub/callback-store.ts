import type { Callback } from "../webhooks/deliver.ts";

type Row = { task_id: string; user_id: number; url: string; body: string; tries: number };

/** As long as this a try counts as under way: an object that dies over it finds it due again afterwards. */
const UNDER_WAY_MS = 60_000;
/** Tries that one look takes up; the next takes the rest. */
const BATCH = 20;

/** Callbacks that have not arrived yet, in the hub's own SQLite: they outlive evictions and restarts. */
export class CallbackStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS callbacks (task_id TEXT PRIMARY KEY, user_id INTEGER NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
         tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL)`,
    );
    sql.exec("CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (due_at)");
  }

  add({ taskId, userId, url, body }: Omit<Callback, "tries">, dueAt: number): void {
    const values = [taskId, userId, url, body, dueAt];
    this.#sql.exec("INSERT OR IGNORE INTO callbacks (task_id, user_id, url, body, due_at) VALUES (?, ?, ?, ?, ?)", ...values);
  }

  /** Callbacks whose next try is due; from here they are under way, and not due for a while. */
  takeDue(now: number): Callback[] {
    const rows = this.#sql.exec<Row>("SELECT * FROM callbacks WHERE due_at <= ? ORDER BY due_at LIMIT ?", now, BATCH).toArray();
    for (const { task_id } of rows) this.#setDue(task_id, now + UNDER_WAY_MS);
    return rows.map(({ task_id, user_id, url, body, tries }) => ({ taskId: task_id, userId: user_id, url, body, tries }));
  }

  /** Notes what came of a try. @param nextTry null when there is to be none */
  settle(taskId: string, nextTry: number | null): void {
    if (nextTry === null) {
      this.#sql.exec("DELETE FROM callbacks WHERE task_id = ?", taskId);
    } else {
      this.#sql.exec("UPDATE callbacks SET tries = tries + 1 WHERE task_id = ?", taskId);
      this.#setDue(taskId, nextTry);
    }
  }

  earliestDue(): number | null {
    return this.#sql.exec<{ due: number | null }>("SELECT min(due_at) AS due FROM callbacks").one().due;
  }

  #setDue(taskId: string, dueAt: number): void {
    this.#sql.exec("UPDATE callbacks SET due_at = ? WHERE task_id = ?", dueAt, taskId);
  }
}
