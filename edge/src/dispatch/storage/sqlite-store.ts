import { wakeTime } from "../queue/quarantine.ts";
import { classOf, lineKey, type SizeLevels } from "../queue/requirement.ts";
import { roomOf } from "../queue/room.ts";
import { bodiesOf, firstNumber, type SqlDatabase, textOf } from "./sql-database.ts";
import { createStoredAgents } from "./sqlite-agents.ts";
import { createFronts } from "./sqlite-fronts.ts";
import { createStoredHolds } from "./sqlite-holds.ts";
import { createStoredVips } from "./sqlite-vips.ts";
import type { DispatchStore, StoreOptions } from "../queue/store.ts";
import type { Requirement, WorkItem } from "../queue/types.ts";

const TABLES = `
DROP TABLE IF EXISTS items;
DROP TABLE IF EXISTS lines;
DROP TABLE IF EXISTS waiting_of_user;
DROP TABLE IF EXISTS agents;
CREATE TABLE IF NOT EXISTS work_items (
  task_id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  line TEXT NOT NULL,
  seq INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  pixels INTEGER NOT NULL,
  frames INTEGER NOT NULL,
  work REAL NOT NULL,
  due_at INTEGER NOT NULL,
  attempt_id TEXT,
  agent_id TEXT,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS work_items_waiting ON work_items (line, user_id, seq) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS work_items_due ON work_items (due_at, seq);
CREATE UNIQUE INDEX IF NOT EXISTS work_items_attempt ON work_items (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS work_items_agent ON work_items (agent_id) WHERE agent_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS speeds (key TEXT PRIMARY KEY, ms_per_mega_work REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
`;

/** The work list in the object's own SQLite: survives eviction and restarts. Lost, it is rebuilt from D1. */
export function createSqliteStore(sql: SqlDatabase, options: StoreOptions = { runningPerUser: Infinity }): DispatchStore {
  // The tables dropped are an older version's: what was in them is read from D1 again, as after a loss.
  sql.exec(TABLES);
  const fronts = createFronts(sql, options);
  const itemsOfAgent = (agentId: string) =>
    bodiesOf<WorkItem>(sql, "SELECT body FROM work_items WHERE agent_id = ? AND state <> 'ending' ORDER BY seq", agentId);
  const agents = createStoredAgents(sql, (agent) => roomOf(agent, itemsOfAgent(agent.agentId)));
  const getItem = (taskId: string): WorkItem | null =>
    bodiesOf<WorkItem>(sql, "SELECT body FROM work_items WHERE task_id = ?", taskId)[0] ?? null;
  const holds = createStoredHolds(sql);
  const vips = createStoredVips(sql);
  const turnsOf = (agentId: string) => `turns|${agentId}`;
  const count = (name: string) =>
    firstNumber(sql, "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value AS n", name) ?? 0;
  const keyOf = (item: WorkItem) => lineKey(classOf(item, agents.index.levels));
  const attemptOf = (item: WorkItem | null) => (!item || item.state === "waiting" ? null : item.attempt);

  function moved(before: WorkItem | null, after: WorkItem | null): void {
    fronts.moved(before, after, before ? keyOf(before) : "", after ? keyOf(after) : "");
    for (const agentId of new Set([attemptOf(before)?.agentId, attemptOf(after)?.agentId])) {
      const agent = agentId === undefined ? null : agents.index.get(agentId);
      if (agent) agents.index.setRoom(agent.agentId, roomOf(agent, itemsOfAgent(agent.agentId)));
    }
  }

  /** Agents have limits that nobody had before: waiting tasks that keep within one of them change their line. */
  function splitLines(before: SizeLevels, { pixels, frames }: SizeLevels): void {
    const isNew = (width: number, length: number) =>
      (pixels.includes(width) && !before.pixels.includes(width)) || (frames.includes(length) && !before.frames.includes(length));
    for (const line of fronts.queries.waitingLines()) {
      // The smallest class first: a task goes into the first that it fits.
      for (const width of [...pixels.filter((level) => level < line.pixels), line.pixels]) {
        for (const length of [...frames.filter((level) => level < line.frames), line.frames]) {
          if (isNew(width, length)) splitLine(line, { ...line, pixels: width, frames: length });
        }
      }
    }
  }

  function splitLine(line: Requirement, smaller: Requirement): void {
    const [key, smallerKey] = [lineKey(line), lineKey(smaller)];
    if (key === smallerKey) return;
    const fitting = "state = 'waiting' AND line = ? AND pixels <= ? AND frames <= ?";
    const limits = [key, smaller.pixels, smaller.frames];
    if (firstNumber(sql, `SELECT 1 AS n FROM work_items WHERE ${fitting} LIMIT 1`, ...limits) === null) return;
    sql.exec(`UPDATE work_items SET line = ? WHERE ${fitting}`, smallerKey, ...limits);
    fronts.recount(key, smallerKey);
    holds.split(line, smaller);
  }

  return {
    getItem,
    findByAttempt: (attemptId) => bodiesOf<WorkItem>(sql, "SELECT body FROM work_items WHERE attempt_id = ?", attemptId)[0] ?? null,
    itemsOfAgent,
    putItem(item) {
      const before = getItem(item.taskId);
      const attempt = attemptOf(item);
      const { taskId, state, seq, userId, pixels, frames, work, dueAt } = item;
      sql.exec(
        `INSERT INTO work_items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (task_id) DO UPDATE SET state = excluded.state,
          line = excluded.line, seq = excluded.seq, due_at = excluded.due_at, attempt_id = excluded.attempt_id,
          agent_id = excluded.agent_id, body = excluded.body`,
        taskId,
        state,
        keyOf(item),
        seq,
        userId,
        pixels,
        frames,
        work,
        dueAt,
        attempt?.id ?? null,
        attempt?.agentId ?? null,
        JSON.stringify(item),
      );
      moved(before, item);
    },
    deleteItem(taskId) {
      const before = getItem(taskId);
      sql.exec("DELETE FROM work_items WHERE task_id = ?", taskId);
      moved(before, null);
    },
    nextSeq: () => count("seq"),

    lineOf: (task) => classOf(task, agents.index.levels),
    firstWaiting: (line, userId) =>
      bodiesOf<WorkItem>(
        sql,
        "SELECT body FROM work_items WHERE state = 'waiting' AND line = ? AND user_id = ? ORDER BY seq LIMIT 1",
        lineKey(line),
        userId,
      )[0] ?? null,
    countWaitingBefore: (line, userId, seq) =>
      firstNumber(
        sql,
        "SELECT count(*) AS n FROM work_items WHERE state = 'waiting' AND line = ? AND user_id = ? AND seq < ?",
        lineKey(line),
        userId,
        seq,
      ) ?? 0,
    waitingIds: (limit) =>
      sql
        .exec("SELECT task_id FROM work_items WHERE state = 'waiting' LIMIT ?", limit)
        .toArray()
        .map((row) => textOf(row, "task_id")),
    ...fronts.queries,
    forgetUsers(usage) {
      fronts.queries.forgetUsers(usage);
      vips.forget((userId) => firstNumber(sql, "SELECT 1 AS n FROM user_shares WHERE user_id = ?", userId) === null);
    },
    nextTurn: (agentId) => count(turnsOf(agentId)),

    dueItems: (now, limit) => bodiesOf(sql, "SELECT body FROM work_items WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?", now, limit),
    restedAgents: (now) => agents.index.resting().filter((agent) => (wakeTime(agent) ?? Infinity) <= now),
    earliestDue() {
      const item = firstNumber(sql, "SELECT min(due_at) AS n FROM work_items");
      const due = [...(item === null ? [] : [item]), ...agents.index.resting().flatMap((agent) => wakeTime(agent) ?? [])];
      const earliest = due.reduce((a, b) => Math.min(a, b), holds.earliest());
      return earliest === Infinity ? null : earliest;
    },

    agents: agents.index,
    holds,
    vips,
    getAgent: (agentId) => agents.index.get(agentId),
    putAgent(agent) {
      const before = agents.index.levels;
      agents.put(agent);
      if (agents.index.levels !== before) splitLines(before, agents.index.levels);
    },
    deleteAgent(agentId) {
      agents.delete(agentId);
      sql.exec("DELETE FROM counters WHERE name = ?", turnsOf(agentId));
    },
    listAgents: () => agents.index.list(),

    getSpeed: (key) => firstNumber(sql, "SELECT ms_per_mega_work AS n FROM speeds WHERE key = ?", key),
    putSpeed(key, msPerMegaWork) {
      sql.exec(
        "INSERT INTO speeds VALUES (?, ?) ON CONFLICT DO UPDATE SET ms_per_mega_work = excluded.ms_per_mega_work",
        key,
        msPerMegaWork,
      );
    },
  };
}
