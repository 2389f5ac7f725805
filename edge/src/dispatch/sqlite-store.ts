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
CREATE INDEX IF NOT EXISTS items_due ON items (due_at);
CREATE UNIQUE INDEX IF NOT EXISTS items_attempt ON items (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_agent ON items (agent_id) WHERE agent_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS lines (line TEXT PRIMARY KEY, body TEXT NOT NULL, tasks INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS users (user_id INTEGER PRIMARY KEY, items INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS agents (agent_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS speeds (key TEXT PRIMARY KEY, ms_per_mega_work REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS item_added AFTER INSERT ON items BEGIN
  INSERT INTO users VALUES (NEW.user_id, 1) ON CONFLICT DO UPDATE SET items = items + 1;
END;
CREATE TRIGGER IF NOT EXISTS item_gone AFTER DELETE ON items BEGIN
  UPDATE users SET items = items - 1 WHERE user_id = OLD.user_id;
  DELETE FROM users WHERE user_id = OLD.user_id AND items <= 0;
END;
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
  const number = (query: string, ...bindings: (string | number)[]): number => Number(sql.exec(query, ...bindings).toArray()[0]?.["n"] ?? 0);
  const getItem = (taskId: string) => body<WorkItem>("SELECT body FROM items WHERE task_id = ?", taskId);

  // How long each line is, kept beside it so that nothing has to count waiting tasks.
  function countInLine(item: WorkItem, change: 1 | -1): void {
    const { type, model, pixels } = item;
    sql.exec(
      "INSERT INTO lines VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET tasks = tasks + ?",
      lineKey(item),
      JSON.stringify({ type, model, pixels }),
      change,
    );
    sql.exec("DELETE FROM lines WHERE line = ? AND tasks <= 0", lineKey(item));
  }

  return {
    getItem,
    findByAttempt: (attemptId) => body("SELECT body FROM items WHERE attempt_id = ?", attemptId),
    itemsOfAgent: (agentId) => bodies("SELECT body FROM items WHERE agent_id = ? AND state <> 'ending' ORDER BY seq", agentId),
    putItem(item) {
      if (getItem(item.taskId)?.state === "waiting") countInLine(item, -1);
      if (item.state === "waiting") countInLine(item, 1);
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
      if (item?.state === "waiting") countInLine(item, -1);
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
    countWaiting: () => number("SELECT sum(tasks) AS n FROM lines"),
    countItemsOfUser: (userId) => number("SELECT items AS n FROM users WHERE user_id = ?", userId),

    dueItems: (now, limit) => bodies("SELECT body FROM items WHERE due_at <= ? ORDER BY due_at LIMIT ?", now, limit),
    earliestDue() {
      const due = sql.exec("SELECT min(due_at) AS n FROM items").toArray()[0]?.["n"];
      return typeof due === "number" ? due : null;
    },

    getAgent: (agentId) => body("SELECT body FROM agents WHERE agent_id = ?", agentId),
    putAgent(agent: AgentRecord) {
      sql.exec("INSERT INTO agents VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", agent.agentId, JSON.stringify(agent));
    },
    listAgents: () => bodies("SELECT body FROM agents ORDER BY agent_id"),

    getSpeed: (key) => number("SELECT ms_per_mega_work AS n FROM speeds WHERE key = ?", key) || null,
    putSpeed(key, msPerMegaWork) {
      sql.exec(
        "INSERT INTO speeds VALUES (?, ?) ON CONFLICT DO UPDATE SET ms_per_mega_work = excluded.ms_per_mega_work",
        key,
        msPerMegaWork,
      );
    },
  };
}
