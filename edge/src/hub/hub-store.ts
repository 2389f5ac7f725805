import type { RecentEnd } from "./recent-ends.ts";
import type { LiveSession } from "./session-registry.ts";

type SessionRow = { object_id: string; auth_session_id: string; registered_at: number; destinations: string };
type EndRow = { task_id: string; body: string; ended_at: number; is_delivered: number };

/** What a hub must still know after it was evicted. It is read once, when the object starts; afterwards memory leads. */
export class HubStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS sessions
         (object_id TEXT PRIMARY KEY, auth_session_id TEXT NOT NULL, registered_at INTEGER NOT NULL, destinations TEXT NOT NULL)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS ends
         (task_id TEXT PRIMARY KEY, body TEXT NOT NULL, ended_at INTEGER NOT NULL, is_delivered INTEGER NOT NULL)`,
    );
  }

  loadSessions(): LiveSession[] {
    const rows = this.#sql.exec<SessionRow>("SELECT * FROM sessions").toArray();
    return rows.map(({ object_id, auth_session_id, registered_at, destinations }) => ({
      objectId: object_id,
      authSessionId: auth_session_id,
      registeredAt: registered_at,
      destinations: destinations === "" ? [] : destinations.split("\n"),
    }));
  }

  saveSession({ objectId, authSessionId, registeredAt, destinations }: LiveSession): void {
    const values = [objectId, authSessionId, registeredAt, destinations.join("\n")];
    this.#sql.exec("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", ...values);
  }

  deleteSession(objectId: string): void {
    this.#sql.exec("DELETE FROM sessions WHERE object_id = ?", objectId);
  }

  loadEnds(): RecentEnd[] {
    const rows = this.#sql.exec<EndRow>("SELECT * FROM ends").toArray();
    return rows.map(({ task_id, body, ended_at, is_delivered }) => ({
      taskId: task_id,
      body,
      endedAt: ended_at,
      isDelivered: is_delivered === 1,
    }));
  }

  addEnd({ taskId, body, endedAt }: RecentEnd): void {
    this.#sql.exec("INSERT INTO ends VALUES (?, ?, ?, 0)", taskId, body, endedAt);
  }

  markDelivered(taskId: string): void {
    this.#sql.exec("UPDATE ends SET is_delivered = 1 WHERE task_id = ?", taskId);
  }

  deleteEndsUpTo(endedAt: number): void {
    this.#sql.exec("DELETE FROM ends WHERE ended_at <= ?", endedAt);
  }
}
