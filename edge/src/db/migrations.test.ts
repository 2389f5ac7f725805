import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { migrate } from "../../test/support/node-d1.ts";

const DAY_MS = 86_400_000;
const RETENTION_MS = 30 * DAY_MS;

/** A database as it was before a migration, with a user, a finished task, and one that was cancelled. */
function before(migration: number): DatabaseSync {
  const sqlite = new DatabaseSync(":memory:");
  migrate(sqlite, { to: migration - 1 });
  sqlite.exec(`
    INSERT INTO users (id, username, password, nickname, create_time, update_time) VALUES (1001, 'a', 'x', 'a', 0, 0), (1002, 'b', 'x', 'b', 0, 0);
    INSERT INTO accounts (user_id) VALUES (1001), (1002);
    INSERT INTO fund_records (user_id, type, amount, balance, reason, create_time) VALUES (1001, 'RECHARGE', 1000, 1000, 'test', 0);
    INSERT INTO fund_records (user_id, type, amount, balance, reason, create_time) VALUES (1002, 'RECHARGE', 1000, 1000, 'test', 0);`);
  return sqlite;
}

/** Runs a task to its end at that time, as far as the books are concerned. */
function finish(sqlite: DatabaseSync, id: string, userId: number, cost: number, endTime: number): void {
  sqlite.exec(`
    INSERT INTO tasks (id, user_id, type, status, model, prompt, parameters, cost, pool, shard, attempt_count, create_time)
      VALUES ('${id}', ${userId}, 'TEXT2IMG', 'PENDING', 'm', 'p', '{}', ${cost}, 'public', 0, 0, ${endTime - 10});
    INSERT INTO holds (task_id, user_id, amount, create_time) VALUES ('${id}', ${userId}, ${cost}, ${endTime - 10});
    UPDATE tasks SET status = 'PROCESSING', attempt_id = '${id}-1', start_time = 1 WHERE id = '${id}';
    INSERT INTO settlements (task_id, kind, attempt_id, reason, create_time) VALUES ('${id}', 'CAPTURED', '${id}-1', 'x', ${endTime});
    UPDATE tasks SET status = 'COMPLETED', complete_time = ${endTime} WHERE id = '${id}';`);
}

const all = (sqlite: DatabaseSync, query: string) =>
  sqlite
    .prepare(query)
    .all()
    .map((row) => ({ ...row }));

test("0008 gives results from before it the thirty days that they were promised, and keeps what has no end on record", () => {
  const sqlite = before(8);
  finish(sqlite, "done", 1001, 10, 5 * DAY_MS);
  sqlite.exec(`
    INSERT INTO tasks (id, user_id, type, status, model, prompt, parameters, cost, pool, shard, attempt_count, create_time)
      VALUES ('open', 1001, 'TEXT2IMG', 'PENDING', 'm', 'p', '{}', 0, 'public', 0, 0, 1);
    INSERT INTO results (task_id, position, file_key, thumbnail_key, size_bytes, width, height, format)
      VALUES ('done', 0, 'a', 'at', 1, 1, 1, 'PNG'), ('done', 1, 'b', 'bt', 1, 1, 1, 'PNG'), ('open', 0, 'c', 'ct', 1, 1, 1, 'PNG');`);
  migrate(sqlite, { from: 8, to: 8 });
  expect(all(sqlite, "SELECT task_id, position, expire_time FROM results ORDER BY task_id, position")).toEqual([
    { task_id: "done", position: 0, expire_time: 5 * DAY_MS + RETENTION_MS },
    { task_id: "done", position: 1, expire_time: 5 * DAY_MS + RETENTION_MS },
    { task_id: "open", position: 0, expire_time: Date.UTC(2100, 0, 1) },
  ]);
});

test("0009 counts the deductions from before it by user and UTC day, and goes on with those after it", () => {
  const sqlite = before(9);
  finish(sqlite, "a1", 1001, 10, 7 * DAY_MS);
  finish(sqlite, "a2", 1001, 5, 8 * DAY_MS - 1);
  finish(sqlite, "a3", 1001, 3, 8 * DAY_MS);
  finish(sqlite, "b1", 1002, 2, 8 * DAY_MS);
  migrate(sqlite, { from: 9, to: 9 });
  finish(sqlite, "a4", 1001, 20, 8 * DAY_MS + 1);
  finish(sqlite, "b2", 1002, 1, 9 * DAY_MS);
  expect(all(sqlite, "SELECT * FROM daily_deducts ORDER BY user_id, day")).toEqual([
    { user_id: 1001, day: 7, deducted: 15 },
    { user_id: 1001, day: 8, deducted: 23 },
    { user_id: 1002, day: 8, deducted: 2 },
    { user_id: 1002, day: 9, deducted: 1 },
  ]);
});

test("0010 counts the pictures that are stored, by user and kind, and goes on as they come and go", () => {
  const sqlite = before(10);
  const add = (id: string, userId: number, uploaded: 0 | 1, deleteTime: number | null) =>
    sqlite
      .prepare(
        `INSERT INTO inputs (id, user_id, file_key, uploaded, sha256, size_bytes, width, height, format, create_time, expire_time, delete_time)
         VALUES (?, ?, ?, ?, '', 1, 1, 1, 'PNG', 1, 2, ?)`,
      )
      .run(id, userId, id, uploaded, deleteTime);
  add("u1", 1001, 1, null);
  add("u2", 1001, 1, null);
  add("gone", 1001, 1, 5);
  add("t1", 1001, 0, null);
  add("other", 1002, 0, null);
  migrate(sqlite, { from: 10, to: 10 });
  add("t2", 1001, 0, null);
  sqlite.exec("UPDATE inputs SET delete_time = 6 WHERE id IN ('u1', 'gone')");
  expect(all(sqlite, "SELECT * FROM input_totals ORDER BY user_id, uploaded")).toEqual([
    { user_id: 1001, uploaded: 0, files: 2 },
    { user_id: 1001, uploaded: 1, files: 1 },
    { user_id: 1002, uploaded: 0, files: 1 },
  ]);
});
