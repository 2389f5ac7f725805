import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { User } from "./user.ts";
import type { TaskDetail } from "@star-graph/shared/rest/tasks";
import type { Tally } from "./tally.ts";

/** Task by task: accepted means on record and ended; what its user was told, by STOMP or by looking, is that end and nothing after it. */
export function checkTasks(tally: Tally, users: readonly User[], statusOf: ReadonlyMap<string, string>): void {
  for (const user of users) {
    for (const complaint of user.complaints) tally.check(false, `${user.name}: ${complaint}`);
    for (const taskId of user.accepted) {
      const status = statusOf.get(taskId);
      const heard = user.told.get(taskId) ?? [];
      const ends = heard.filter((one) => one !== "PENDING" && one !== "PROCESSING");
      const isOnce = status !== undefined && ends.length === 1 && ends[0] === status && heard.at(-1) === status;
      tally.check(isOnce, `${taskId} of ${user.name} is ${status ?? "not on record"}; told: ${heard.join(", ")}`);
    }
  }
}

/** A completed task's files can be read, and are as long as it says. */
export async function checkFiles(tally: Tally, details: readonly TaskDetail[]): Promise<void> {
  for (const { id, results } of details) {
    const wrong: string[] = [];
    for (const { url, thumbnailUrl, size } of results) {
      const [file, thumbnail] = await Promise.all([fetch(url), fetch(thumbnailUrl)]);
      const [bytes, small] = await Promise.all([file.arrayBuffer(), thumbnail.arrayBuffer()]);
      if (!file.ok || bytes.byteLength !== size) wrong.push(`${url}: ${file.status}, ${bytes.byteLength} of ${size} bytes`);
      if (!thumbnail.ok || small.byteLength === 0) wrong.push(`${thumbnailUrl}: ${thumbnail.status}`);
    }
    tally.check(results.length > 0 && wrong.length === 0, `files of ${id}: ${wrong.join(", ") || "none"}`);
  }
}

/** The book of record, once nobody writes in it any more. */
export function openRecord(stateFolder: string): DatabaseSync {
  const [file] = fs.globSync(path.join(stateFolder, "data/d1/**/*.sqlite")).filter((name) => !name.includes("metadata"));
  if (file === undefined) throw new Error("there is no database");
  return new DatabaseSync(file, { readOnly: true });
}

/** Each names what breaks it; no rows is right. */
const NO_ROWS: Record<string, string> = {
  "balances that are not the sum of their records": `SELECT a.user_id FROM accounts a
    WHERE a.balance <> (SELECT coalesce(sum(amount), 0) FROM fund_records r WHERE r.user_id = a.user_id)`,
  "frozen credits that are not those of open holds": `SELECT a.user_id FROM accounts a
    WHERE a.frozen <> (SELECT coalesce(sum(amount), 0) FROM holds h WHERE h.user_id = a.user_id
      AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.task_id = h.task_id))`,
  "balances below what is frozen": "SELECT user_id FROM accounts WHERE balance < frozen",
  "completed tasks not charged once, or others charged": `SELECT t.id, t.status FROM tasks t
    WHERE (t.status = 'COMPLETED') <> (SELECT count(*) FROM fund_records r WHERE r.task_id = t.id AND r.type = 'DEDUCT')`,
  "charges that are not the price": `SELECT t.id FROM tasks t JOIN fund_records r ON r.task_id = t.id AND r.type = 'DEDUCT'
    WHERE r.amount <> -t.cost`,
  "tasks without their hold":
    "SELECT t.id FROM tasks t WHERE NOT EXISTS (SELECT 1 FROM holds h WHERE h.task_id = t.id AND h.amount = t.cost)",
  "tasks that have not ended": "SELECT id, status FROM tasks WHERE status IN ('PENDING', 'PROCESSING')",
  "holds that nobody settled": "SELECT task_id FROM holds WHERE task_id NOT IN (SELECT task_id FROM settlements)",
  "settlements of another end": `SELECT t.id, t.status, s.kind FROM tasks t JOIN settlements s ON s.task_id = t.id
    WHERE (t.status = 'COMPLETED') <> (s.kind = 'CAPTURED')`,
  "attempts without an outcome": "SELECT id, task_id FROM attempts WHERE outcome IS NULL",
  "tasks with two completed attempts": "SELECT task_id FROM attempts WHERE outcome = 'COMPLETED' GROUP BY task_id HAVING count(*) > 1",
  "completed tasks whose attempt did not complete": `SELECT t.id FROM tasks t WHERE t.status = 'COMPLETED'
    AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.id = t.attempt_id AND a.outcome = 'COMPLETED')`,
  "completed tasks without results, or others with some": `SELECT t.id, t.status FROM tasks t
    WHERE (t.status = 'COMPLETED') <> EXISTS (SELECT 1 FROM results r WHERE r.task_id = t.id)`,
};

/** The ledger and the history of tasks and attempts. */
export function checkRecord(tally: Tally, record: DatabaseSync, users: readonly User[]): void {
  for (const [what, sql] of Object.entries(NO_ROWS)) tally.none(record.prepare(sql).all(), what);
  for (const user of users) {
    const known = record
      .prepare("SELECT id FROM tasks WHERE user_id = ?")
      .all(user.id)
      .map((row) => String(row["id"]));
    tally.none(
      known.filter((taskId) => !user.accepted.has(taskId)),
      `tasks on record that ${user.name} was not told of`,
    );
  }
}

/** Every object in the store belongs to a row, and every row's object is there. */
export function checkStore(tally: Tally, record: DatabaseSync, files: readonly { key: string }[]): void {
  const stored = new Set(files.map(({ key }) => key));
  const keysOf = (...queries: string[]) => new Set(queries.flatMap((sql) => record.prepare(sql).all()).map((row) => String(row["key"])));
  const results = ["SELECT file_key AS key FROM results", "SELECT thumbnail_key AS key FROM results"];
  const named = keysOf(...results, "SELECT file_key AS key FROM inputs WHERE delete_time IS NULL");
  // The row of an input comes first: one whose bytes did not arrive belongs to a request that failed, and expires.
  const needed = keysOf(...results, "SELECT i.file_key AS key FROM tasks t JOIN inputs i ON i.id = t.input_id");
  tally.none(
    [...stored].filter((key) => !named.has(key)),
    "files that belong to nothing",
  );
  tally.none(
    [...needed].filter((key) => !stored.has(key)),
    "files that are on record and not stored",
  );
}
