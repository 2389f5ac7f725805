import type { DatabaseSync } from "node:sqlite";
import { openNodeD1 } from "../../../test/support/node-d1.ts";
import { openDatabase } from "../../db/client.ts";
import { createHistory, type History } from "../../dispatch/duties/history.ts";
import { anAttempt } from "../../dispatch/testing/builders.ts";
import { createLedger, type Ledger, type NewTask, type TaskEnd } from "../ledger.ts";

/** The first user that is added. */
export const USER = 1001;
export const CANCELLED: TaskEnd = { status: "CANCELLED" };
export const FAILED: TaskEnd = { status: "FAILED", errorName: "INTERNAL", errorMessage: "it broke" };
export const completed = (attemptId: string, files = 1): TaskEnd => ({
  status: "COMPLETED",
  servedBy: { engine: "test", model: "scene" },
  notes: [],
  results: Array.from({ length: files }, (_, n) => ({
    fileKey: `results/${attemptId}/${n}.png`,
    thumbnailKey: `results/${attemptId}/${n}_thumb.png`,
    sizeBytes: 70,
    width: 1,
    height: 1,
    format: "PNG",
  })),
});

export function aRow(over: Partial<NewTask> = {}): NewTask {
  return {
    id: "task-1",
    userId: USER,
    type: "TEXT2IMG",
    status: "PENDING",
    model: "stargraph-scene",
    prompt: "a cat",
    parameters: { prompt: "a cat", modelName: "stargraph-scene", width: 64, height: 64, steps: 1, cfgScale: 7, seed: 1 },
    cost: 10,
    pool: "public",
    shard: 0,
    attemptCount: 0,
    failureCount: 0,
    createTime: 1,
    ...over,
  };
}

/** The real migrations and statements; `sqlite` sees what they left. */
export class Books {
  readonly d1: D1Database;
  readonly sqlite: DatabaseSync;
  readonly ledger: Ledger;
  readonly history: History;
  #users = 0;
  #keys = 0;

  constructor(ownerSharePercent = 0) {
    const { d1, sqlite } = openNodeD1();
    const db = openDatabase(d1);
    this.d1 = d1;
    this.sqlite = sqlite;
    this.ledger = createLedger(db, { ownerSharePercent });
    this.history = createHistory(db);
  }

  async addUser(credits: number): Promise<number> {
    const { lastInsertRowid } = this.sqlite
      .prepare("INSERT INTO users (username, password, nickname, create_time, update_time) VALUES (?, 'x', 'x', 0, 0)")
      .run(`user-${++this.#users}`);
    this.sqlite.prepare("INSERT INTO accounts (user_id) VALUES (?)").run(lastInsertRowid);
    if (credits > 0) await this.ledger.recharge(Number(lastInsertRowid), credits, "test", 0);
    return Number(lastInsertRowid);
  }

  /** A task that is processed as that attempt. */
  async started(attemptId = "attempt-1", row = aRow(), agentId = "1.agent-1"): Promise<void> {
    await this.ledger.openTask(row);
    await this.history.recordStart(row.id, anAttempt({ id: attemptId, agentId }), 2);
  }

  all(query: string) {
    return this.sqlite
      .prepare(query)
      .all()
      .map((row) => ({ ...row }));
  }

  /** An agent key of that user; its agents are called `<id>.box`. */
  addKey(userId: number): number {
    const key = this.sqlite.prepare("INSERT INTO agent_keys (user_id, name, hash, create_time) VALUES (?, 'x', ?, 0)");
    return Number(key.run(userId, `hash-${++this.#keys}`).lastInsertRowid);
  }

  account(userId = USER) {
    return this.all(`SELECT balance, frozen FROM accounts WHERE user_id = ${userId}`)[0];
  }

  status(taskId = "task-1") {
    return this.all(`SELECT status FROM tasks WHERE id = '${taskId}'`)[0]?.["status"];
  }

  /** What must hold at any time (design, "Credits"), each as the rows that break it. */
  get violations() {
    return [
      ...this.all(`SELECT user_id, 'balance' AS wrong FROM accounts a
        WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM fund_records r WHERE r.user_id = a.user_id)`),
      ...this.all(`SELECT user_id, 'frozen' AS wrong FROM accounts a WHERE frozen <> (SELECT coalesce(sum(amount), 0) FROM holds h
        WHERE h.user_id = a.user_id AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.task_id = h.task_id))`),
      ...this.all("SELECT user_id, 'available' AS wrong FROM accounts WHERE balance < frozen"),
      // One for each completed task; a cancelled one may have cost something, at most its price.
      ...this.all(`SELECT id, 'deducts' AS wrong FROM tasks t WHERE (t.status = 'COMPLETED') <>
        (SELECT count(*) FROM fund_records r WHERE r.task_id = t.id AND r.type = 'DEDUCT'
          AND NOT (t.status = 'CANCELLED' AND r.amount BETWEEN -t.cost AND -1))`),
      ...this.all(`SELECT id, 'hold' AS wrong FROM tasks t WHERE (t.status IN ('PENDING', 'PROCESSING'))
        <> (SELECT count(*) FROM holds h LEFT JOIN settlements s USING (task_id) WHERE h.task_id = t.id AND s.task_id IS NULL)`),
      ...this.all(`SELECT id, 'attempts' AS wrong FROM tasks t WHERE (t.status = 'PROCESSING')
        <> (SELECT count(*) FROM attempts a WHERE a.task_id = t.id AND a.outcome IS NULL)`),
      ...this.all(`SELECT user_id, 'counts' AS wrong FROM task_counts c WHERE tasks <>
        (SELECT count(*) FROM tasks t WHERE t.user_id = c.user_id AND t.type = c.type AND t.status = c.status)`),
      ...this.all(`SELECT user_id, 'earnings' AS wrong FROM accounts a WHERE (SELECT coalesce(sum(credits), 0) FROM earning_days d WHERE d.user_id = a.user_id)
        <> (SELECT coalesce(sum(amount), 0) FROM fund_records r WHERE r.user_id = a.user_id AND r.type = 'EARN')`),
      ...this.all("PRAGMA foreign_key_check"),
    ];
  }
}
