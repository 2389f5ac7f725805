import { lineKey, parseLineKey, UNLIMITED } from "../queue/requirement.ts";
import { firstNumber, numberOf, type SqlDatabase, type SqlRow, textOf } from "./sql-database.ts";
import type { Front, StoreOptions, UserShare, WaitingLine } from "../queue/store.ts";
import type { Requirement, WorkItem } from "../queue/types.ts";

/*
 * Who waits where: one row for each user in each line, with the user's usage copied into it, so that "whose turn is it"
 * is one look into an index. `work_items` is the store's own table; its waiting rows are what these rows stand for.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS fronts (
  line TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  tasks INTEGER NOT NULL,
  work REAL NOT NULL,
  seq INTEGER NOT NULL,
  usage REAL NOT NULL,
  is_capped INTEGER NOT NULL,
  PRIMARY KEY (line, user_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fronts_share ON fronts (line, usage, seq) WHERE is_capped = 0;
CREATE INDEX IF NOT EXISTS fronts_age ON fronts (line, seq) WHERE is_capped = 0;
CREATE INDEX IF NOT EXISTS fronts_user ON fronts (user_id);
CREATE TABLE IF NOT EXISTS user_shares (
  user_id INTEGER PRIMARY KEY,
  waiting INTEGER NOT NULL,
  running INTEGER NOT NULL,
  usage REAL NOT NULL
);
`;

const RECOUNTED = `
INSERT INTO fronts SELECT line, w.user_id, count(*), sum(work), min(seq), coalesce(max(usage), 0), coalesce(max(running) >= ?, 0)
FROM work_items w LEFT JOIN user_shares s ON s.user_id = w.user_id WHERE state = 'waiting' AND line IN (?, ?) GROUP BY line, w.user_id`;

const hasAgent = (item: WorkItem | null): boolean => item !== null && item.state !== "waiting" && item.state !== "ending";

export function createFronts(sql: SqlDatabase, { runningPerUser }: StoreOptions) {
  sql.exec(TABLES);
  // A line's figures and its next user, in memory: a decision reads them for every line that an agent serves.
  const lines = new Map<string, WaitingLine>();
  const next = new Map<string, Front | null>();
  const uncapped = new Set<number>();
  const cap = Math.min(runningPerUser, UNLIMITED);

  // The cap may be another since the object was last awake.
  const isCapped = "coalesce((SELECT running >= ? FROM user_shares s WHERE s.user_id = fronts.user_id), 0)";
  sql.exec(`UPDATE fronts SET is_capped = ${isCapped} WHERE is_capped <> ${isCapped}`, cap, cap);
  readLines();

  function readLines(): void {
    lines.clear();
    next.clear();
    for (const row of sql
      .exec("SELECT line, sum(tasks) AS tasks, count(*) AS users, sum(work) AS work FROM fronts GROUP BY line")
      .toArray()) {
      const key = textOf(row, "line");
      const [tasks, users, work] = [numberOf(row, "tasks"), numberOf(row, "users"), numberOf(row, "work")];
      lines.set(key, { ...parseLineKey(key), tasks, users, work });
    }
  }

  function toFront(row: SqlRow): Front {
    const line = lines.get(textOf(row, "line")) ?? parseLineKey(textOf(row, "line"));
    const [userId, tasks, seq, usage] = [numberOf(row, "user_id"), numberOf(row, "tasks"), numberOf(row, "seq"), numberOf(row, "usage")];
    return { line, userId, tasks, seq, usage };
  }

  const first = (query: string, key: string, ...users: number[]): Front | null =>
    sql
      .exec(query, key, ...users)
      .toArray()
      .map(toFront)[0] ?? null;

  function shareOf(userId: number): UserShare {
    const row = sql.exec("SELECT waiting, running, usage FROM user_shares WHERE user_id = ?", userId).toArray()[0];
    return row
      ? { waiting: numberOf(row, "waiting"), running: numberOf(row, "running"), usage: numberOf(row, "usage") }
      : { waiting: 0, running: 0, usage: 0 };
  }

  function putShare(userId: number, { waiting, running, usage }: UserShare): void {
    sql.exec(
      "INSERT INTO user_shares VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET waiting = excluded.waiting, running = excluded.running, usage = excluded.usage",
      userId,
      waiting,
      running,
      usage,
    );
  }

  /** What a user's rows carry of the user, in each line where the user waits. */
  function tellFronts(userId: number, { usage, running }: UserShare): void {
    sql.exec("UPDATE fronts SET usage = ?, is_capped = ? WHERE user_id = ?", usage, Number(running >= cap), userId);
    for (const row of sql.exec("SELECT line FROM fronts WHERE user_id = ?", userId).toArray()) next.delete(textOf(row, "line"));
  }

  function join(key: string, { userId, seq, work }: WorkItem, { usage, running }: UserShare): void {
    const isNew = firstNumber(sql, "SELECT 1 AS n FROM fronts WHERE line = ? AND user_id = ?", key, userId) === null;
    sql.exec(
      `INSERT INTO fronts VALUES (?, ?, 1, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET tasks = tasks + 1, work = work + excluded.work, seq = min(seq, excluded.seq)`,
      key,
      userId,
      work,
      seq,
      usage,
      Number(running >= cap),
    );
    const line = lines.get(key) ?? { ...parseLineKey(key), tasks: 0, users: 0, work: 0 };
    lines.set(key, { ...line, tasks: line.tasks + 1, users: line.users + Number(isNew), work: line.work + work });
    next.delete(key);
  }

  /** Called when the task's row no longer waits in that line. */
  function leave(key: string, { userId, work }: WorkItem): void {
    const head = firstNumber(
      sql,
      "SELECT seq AS n FROM work_items WHERE state = 'waiting' AND line = ? AND user_id = ? ORDER BY seq LIMIT 1",
      key,
      userId,
    );
    if (head === null) sql.exec("DELETE FROM fronts WHERE line = ? AND user_id = ?", key, userId);
    else sql.exec("UPDATE fronts SET tasks = tasks - 1, work = work - ?, seq = ? WHERE line = ? AND user_id = ?", work, head, key, userId);
    const line = lines.get(key);
    if (!line || line.tasks <= 1) lines.delete(key);
    else lines.set(key, { ...line, tasks: line.tasks - 1, users: line.users - Number(head === null), work: line.work - work });
    next.delete(key);
  }

  const queries = {
    shareOf,
    waitingLines: (): WaitingLine[] => [...lines.values()],
    countWaiting: (): number => [...lines.values()].reduce((sum, line) => sum + line.tasks, 0),
    nextByShare(line: Requirement, but: readonly number[] = []): Front | null {
      const key = lineKey(line);
      if (but.length > 0) {
        const others = `user_id NOT IN (${but.map(() => "?").join()})`;
        return first(`SELECT * FROM fronts WHERE is_capped = 0 AND line = ? AND ${others} ORDER BY usage, seq LIMIT 1`, key, ...but);
      }
      let front = next.get(key);
      if (front === undefined) {
        front = first("SELECT * FROM fronts WHERE is_capped = 0 AND line = ? ORDER BY usage, seq LIMIT 1", key);
        if (lines.has(key)) next.set(key, front);
      }
      return front;
    },
    nextByAge: (line: Requirement): Front | null =>
      first("SELECT * FROM fronts WHERE is_capped = 0 AND line = ? ORDER BY seq LIMIT 1", lineKey(line)),
    frontsOf: (userId: number): Front[] => sql.exec("SELECT * FROM fronts WHERE user_id = ? ORDER BY seq", userId).toArray().map(toFront),
    setUsage(userId: number, usage: number): void {
      const share = { ...shareOf(userId), usage };
      putShare(userId, share);
      tellFronts(userId, share);
    },
    takeUncapped(): number[] {
      const users = [...uncapped];
      uncapped.clear();
      return users;
    },
    forgetUsers: (usage: number) => void sql.exec("DELETE FROM user_shares WHERE waiting = 0 AND running = 0 AND usage < ?", usage),
  };

  return {
    /** What the store answers as it stands. */
    queries,
    /** A task's row was written, or deleted (`after` null). @param key of the line that it waits in, or waited in */
    moved(before: WorkItem | null, after: WorkItem | null, keyBefore: string, keyAfter: string): void {
      const item = after ?? before;
      if (!item) return;
      const [waited, waits] = [before?.state === "waiting", after?.state === "waiting"];
      const ran = Number(hasAgent(after)) - Number(hasAgent(before));
      // What it asks for and when it came are its own for life: one that still waits stands where it stood.
      if (waited === waits && ran === 0) return;
      const old = shareOf(item.userId);
      const share = { ...old, waiting: old.waiting + Number(waits) - Number(waited), running: old.running + ran };
      putShare(item.userId, share);
      if (waited && before) leave(keyBefore, before);
      if (old.running >= cap !== share.running >= cap) {
        tellFronts(item.userId, share);
        if (old.running >= cap) uncapped.add(item.userId);
      }
      if (waits && after) join(keyAfter, after, share);
    },

    /** Some tasks of one class have become another: both lines are counted anew. */
    recount(one: string, other: string): void {
      sql.exec("DELETE FROM fronts WHERE line IN (?, ?)", one, other);
      sql.exec(RECOUNTED, cap, one, other);
      readLines();
    },
  };
}
