import type { LoggedEnd, SavedLog } from "./event-log.ts";
import type { Retry } from "./retries.ts";
import type { LiveSession } from "./session-registry.ts";

type SessionRow = { object_id: string; name: string; auth_session_id: string; registered_at: number; destinations: string };
type EndRow = { event_id: number; task_id: string; body: string; ended_at: number };
type RetryRow = { object_id: string; name: string; reason: string | null; since: number; tries: number; due_at: number };
type Mark = "reserved_up_to" | "dropped_up_to";

/** What a hub must still know after it was evicted. It is read once, when the object starts; afterwards memory leads. */
export class HubStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS live_sessions
         (object_id TEXT PRIMARY KEY, name TEXT NOT NULL, auth_session_id TEXT NOT NULL, registered_at INTEGER NOT NULL, destinations TEXT NOT NULL)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS logged_ends
         (event_id INTEGER PRIMARY KEY, task_id TEXT NOT NULL, body TEXT NOT NULL, ended_at INTEGER NOT NULL)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS retries
         (object_id TEXT PRIMARY KEY, name TEXT NOT NULL, reason TEXT, since INTEGER NOT NULL, tries INTEGER NOT NULL, due_at INTEGER NOT NULL)`,
    );
    sql.exec("CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL)");
    // Of before events were numbered: nothing in it was worth more than ten minutes.
    sql.exec("DROP TABLE IF EXISTS ends");
    // Of before sessions had names: the update that brought those cut all sockets.
    sql.exec("DROP TABLE IF EXISTS sessions");
  }

  loadSessions(): LiveSession[] {
    const rows = this.#sql.exec<SessionRow>("SELECT * FROM live_sessions").toArray();
    return rows.map(({ object_id, name, auth_session_id, registered_at, destinations }) => ({
      objectId: object_id,
      name,
      authSessionId: auth_session_id,
      registeredAt: registered_at,
      destinations: destinations === "" ? [] : destinations.split("\n"),
    }));
  }

  saveSession({ objectId, name, authSessionId, registeredAt, destinations }: LiveSession): void {
    const values = [objectId, name, authSessionId, registeredAt, destinations.join("\n")];
    this.#sql.exec("INSERT OR REPLACE INTO live_sessions VALUES (?, ?, ?, ?, ?)", ...values);
  }

  deleteSession({ objectId, name }: Pick<LiveSession, "objectId" | "name">): void {
    this.#sql.exec("DELETE FROM live_sessions WHERE object_id = ? AND name = ?", objectId, name);
  }

  loadRetries(): Retry[] {
    const rows = this.#sql.exec<RetryRow>("SELECT * FROM retries").toArray();
    return rows.map(({ object_id, due_at, ...row }) => ({ ...row, objectId: object_id, dueAt: due_at }));
  }

  saveRetry({ objectId, name, reason, since, tries, dueAt }: Retry): void {
    this.#sql.exec("INSERT OR REPLACE INTO retries VALUES (?, ?, ?, ?, ?, ?)", objectId, name, reason, since, tries, dueAt);
  }

  deleteRetry(objectId: string): void {
    this.#sql.exec("DELETE FROM retries WHERE object_id = ?", objectId);
  }

  loadLog(): SavedLog {
    const rows = this.#sql.exec<EndRow>("SELECT * FROM logged_ends").toArray();
    const ends = rows.map(({ event_id, task_id, body, ended_at }) => ({ eventId: event_id, taskId: task_id, body, endedAt: ended_at }));
    return { ends, reservedUpTo: this.getMark("reserved_up_to") ?? 0, droppedUpTo: this.getMark("dropped_up_to") ?? 0 };
  }

  addEnd({ eventId, taskId, body, endedAt }: LoggedEnd): void {
    this.#sql.exec("INSERT INTO logged_ends VALUES (?, ?, ?, ?)", eventId, taskId, body, endedAt);
  }

  dropEndsUpTo(eventId: number): void {
    this.#sql.exec("DELETE FROM logged_ends WHERE event_id <= ?", eventId);
    this.setMark("dropped_up_to", eventId);
  }

  getMark(name: Mark): number | null {
    return this.#sql.exec<{ value: number }>("SELECT value FROM marks WHERE name = ?", name).toArray()[0]?.value ?? null;
  }

  setMark(name: Mark, value: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO marks VALUES (?, ?)", name, value);
  }
}
