import { type DispatchStore, lineKey, type WaitingLine } from "./store.ts";
import type { AgentRecord, WorkItem } from "./types.ts";

type SqlRow = Record<string, string | number | null | ArrayBuffer>;

/** A text column of a row. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`${column} is no text`);
  return value;
}

/** What a Durable Object's `ctx.storage.sql` offers of SQLite; a test can hand in another one. */
export interface SqlDatabase {
  exec(query: string, ...bindings: (string | number | null)[]): { toArray(): SqlRow[] };
}

const TABLES = `
CREATE TABLE IF NOT EXISTS items (
  task_id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  line TEXT NOT NULL,
  seq INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  attempt_id TEXT,
  agent_id TEXT,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS items_waiting ON items (line, seq) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS items_due ON items (due_at, seq);
CREATE UNIQUE INDEX IF NOT EXISTS items_attempt ON items (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_agent ON items (agent_id) WHERE agent_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS lines (line TEXT PRIMARY KEY, body TEXT NOT NULL, tasks INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS waiting_of_user (user_id INTEGER PRIMARY KEY, tasks INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS agents (agent_id TEXT PRIMARY KEY, rests_until INTEGER, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS agents_resting ON agents (rests_until) WHERE rests_until IS NOT NULL;
CREATE TABLE IF NOT EXISTS speeds (key TEXT PRIMARY KEY, ms_per_mega_work REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
`;

/** The work list in the object's own SQLite: survives eviction and restarts. Lost, it is rebuilt from D1. */
export function createSqliteStore(sql: SqlDatabase): DispatchStore {
  sql.exec(TABLES);

  const bodies = <T>(query: string, ...bindings: (string | number)[]): T[] =>
    sql
      .exec(query, ...bindings)
      .toArray()
      .map((row) => JSON.parse(textOf(row, "body")) as T);
  const body = <T>(query: string, ...bindings: (string | number)[]): T | null => bodies<T>(query, ...bindings)[0] ?? null;
  const numberOrNull = (query: string, ...bindings: (string | number)[]): number | null => {
    const value = sql.exec(query, ...bindings).toArray()[0]?.["n"];
    return typeof value === "number" ? value : null;
  };
  const number = (query: string, ...bindings: (string | number)[]): number => numberOrNull(query, ...bindings) ?? 0;
  const getItem = (taskId: string) => body<WorkItem>("SELECT body FROM items WHERE task_id = ?", taskId);

  // How many wait in each line and of each user, kept beside them so that nothing has to count.
  function countWaiting(item: WorkItem, change: 1 | -1): void {
    const { type, model, pixels, userId } = item;
    const line = lineKey(item);
    sql.exec(
      "INSERT INTO lines VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET tasks = tasks + ?",
      line,
      JSON.stringify({ type, model, pixels }),
      change,
    );
    sql.exec("INSERT INTO waiting_of_user VALUES (?, 1) ON CONFLICT DO UPDATE SET tasks = tasks + ?", userId, change);
    if (change === 1) return;
    sql.exec("DELETE FROM lines WHERE line = ? AND tasks <= 0", line);
    sql.exec("DELETE FROM waiting_of_user WHERE user_id = ? AND tasks <= 0", userId);
  }

  return {
    getItem,
    findByAttempt: (attemptId) => body("SELECT body FROM items WHERE attempt_id = ?", attemptId),
    itemsOfAgent: (agentId) => bodies("SELECT body FROM items WHERE agent_id = ? AND state <> 'ending' ORDER BY seq", agentId),
    putItem(item) {
      const before = getItem(item.taskId);
      if (before?.state === "waiting") countWaiting(before, -1);
      if (item.state === "waiting") countWaiting(item, 1);
      const attempt = item.state === "waiting" ? null : item.attempt;
      sql.exec(
        `INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, line = excluded.line,
          seq = excluded.seq, due_at = excluded.due_at, attempt_id = excluded.attempt_id, agent_id = excluded.agent_id, body = excluded.body`,
        item.taskId,
        item.state,
        lineKey(item),
        item.seq,
        item.userId,
        item.dueAt,
        attempt?.id ?? null,
        attempt?.agentId ?? null,
        JSON.stringify(item),
      );
    },
    deleteItem(taskId) {
      const item = getItem(taskId);
      if (item?.state === "waiting") countWaiting(item, -1);
      sql.exec("DELETE FROM items WHERE task_id = ?", taskId);
    },
    nextSeq() {
      sql.exec("INSERT INTO counters VALUES ('seq', 1) ON CONFLICT DO UPDATE SET value = value + 1");
      return number("SELECT value AS n FROM counters WHERE name = 'seq'");
    },

    waitingLines: () =>
      sql
        .exec("SELECT body, tasks FROM lines ORDER BY line")
        .toArray()
        .map((row) => ({ ...(JSON.parse(textOf(row, "body")) as Omit<WaitingLine, "tasks">), tasks: Number(row["tasks"]) })),
    firstWaiting: (line) => body("SELECT body FROM items WHERE state = 'waiting' AND line = ? ORDER BY seq LIMIT 1", lineKey(line)),
    countWaitingBefore: (line, seq) =>
      number("SELECT count(*) AS n FROM items WHERE state = 'waiting' AND line = ? AND seq < ?", lineKey(line), seq),
    countWaiting: () => number("SELECT sum(tasks) AS n FROM lines"),
    countWaitingOfUser: (userId) => number("SELECT tasks AS n FROM waiting_of_user WHERE user_id = ?", userId),

    dueItems: (now, limit) => bodies("SELECT body FROM items WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?", now, limit),
    restedAgents: (now) => bodies("SELECT body FROM agents WHERE rests_until IS NOT NULL AND rests_until <= ? ORDER BY rowid", now),
    earliestDue() {
      const item = numberOrNull("SELECT min(due_at) AS n FROM items");
      const agent = numberOrNull("SELECT min(rests_until) AS n FROM agents WHERE rests_until IS NOT NULL");
      return item === null || agent === null ? (item ?? agent) : Math.min(item, agent);
    },

    getAgent: (agentId) => body("SELECT body FROM agents WHERE agent_id = ?", agentId),
    putAgent(agent: AgentRecord) {
      sql.exec(
        "INSERT INTO agents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rests_until = excluded.rests_until, body = excluded.body",
        agent.agentId,
        agent.restsUntil,
        JSON.stringify(agent),
      );
    },
    deleteAgent: (agentId) => void sql.exec("DELETE FROM agents WHERE agent_id = ?", agentId),
    listAgents: () => bodies("SELECT body FROM agents ORDER BY rowid"),

    getSpeed: (key) => numberOrNull("SELECT ms_per_mega_work AS n FROM speeds WHERE key = ?", key),
    putSpeed(key, msPerMegaWork) {
      sql.exec(
        "INSERT INTO speeds VALUES (?, ?) ON CONFLICT DO UPDATE SET ms_per_mega_work = excluded.ms_per_mega_work",
        key,
        msPerMegaWork,
      );
    },
  };
}
