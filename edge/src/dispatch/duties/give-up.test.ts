import { beforeEach, describe, expect, test, vi } from "vitest";
import { anAttempt, aCompletion } from "../testing/builders.ts";
import { openNodeSql } from "../testing/node-sql.ts";
import { RealBook, toQueue, toRow } from "../testing/real-book.ts";
import type { Duty, DutyOutcome } from "../queue/types.ts";
import { LAST_TRY } from "./give-up.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { OutboxWorker } from "./outbox-worker.ts";

const START = 1_000_000;
const attempt = anAttempt({ agentId: "1.agent-a" });
const started: Duty = { kind: "started", taskId: "task-1", attempt, at: START };
const completed: Duty = { kind: "completed", taskId: "task-1", attempt, report: aCompletion("attempt-1"), at: START };

let book: RealBook;
let outbox: Outbox;
let now: number;
let isAway: boolean;
let isHubDown: boolean;
let outcomes: DutyOutcome[];
let worker: OutboxWorker;

/** A task in the real book, on the real statements. */
beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  [now, isAway, isHubDown, outcomes] = [START, false, false, []];
  book = new RealBook();
  const { ledger, duties } = book.open(async (call) => {
    if (isAway) throw new Error("D1 is away");
    return call();
  });
  const wish = { userId: await book.books.addUser(100), model: "scene", pixels: 1, cost: 10 };
  await ledger.openTask(toRow(toQueue("task-1", wish, now), wish, 0));
  book.store("attempt-1", 1, false);
  outbox = createOutbox(openNodeSql());
  const publishEnd: typeof duties.publishEnd = (...told) =>
    isHubDown ? Promise.reject(new Error("the hub is down")) : duties.publishEnd(...told);
  worker = new OutboxWorker(
    outbox,
    { ...duties, publishEnd },
    (_, outcome) => void outcomes.push(outcome),
    () => now,
  );
});

/** Lets the outbox repeat as it would, at most so many times. */
async function repeat(times: number): Promise<void> {
  for (let n = 0; n < times && outbox.earliestDue() !== null; n++) {
    now = Math.max(now, outbox.earliestDue() ?? now);
    for (const taskId of outbox.dueTasks(now)) await worker.work(taskId);
  }
}

const frozen = () => book.one("SELECT frozen FROM accounts WHERE user_id = (SELECT user_id FROM tasks)")?.["frozen"];
const refuse = (what: string) =>
  book.books.sqlite.exec(
    `CREATE TRIGGER refuses BEFORE INSERT ON ${what} BEGIN SELECT RAISE(ABORT, 'for a reason nobody thought of'); END`,
  );

describe("a duty that D1 will never take", () => {
  test("fails its task after an hour, gives the hold back, tells the user and is counted", async () => {
    refuse("results");
    outbox.add(started);
    outbox.add(completed);
    await repeat(LAST_TRY);
    expect([book.status("task-1"), outbox.figures()]).toEqual(["PROCESSING", { failing: 1, givenUp: 0 }]);
    await repeat(2);
    expect([book.status("task-1"), frozen(), outbox.figures()]).toEqual(["FAILED", 0, { failing: 0, givenUp: 1 }]);
    expect(now - START).toBeGreaterThan(45 * 60_000);
    expect(now - START).toBeLessThan(75 * 60_000);
    expect(outcomes.at(-1)).toEqual({ kind: "given-up" });
    expect(book.published).toMatchObject([{ type: "error", taskId: "task-1" }]);
    expect([book.stored.size, book.books.violations]).toEqual([0, []]);
  });

  test("does not keep a later one of its task waiting for ever", async () => {
    refuse("attempts");
    outbox.add(started);
    outbox.add(completed);
    await repeat(LAST_TRY + 2);
    expect([book.status("task-1"), frozen(), outbox.earliestDue()]).toEqual(["FAILED", 0, null]);
    expect(outcomes).toEqual([{ kind: "given-up" }, { kind: "ended", outcome: "refused" }]);
    expect(book.stored.size).toBe(0);
  });
});

test("a duty is never given up while D1 is away, and done as ever once it is back", async () => {
  outbox.add(started);
  await repeat(1);
  outbox.add(completed);
  isAway = true;
  await repeat(3 * LAST_TRY);
  expect(outbox.figures()).toEqual({ failing: 1, givenUp: 0 });
  isAway = false;
  await repeat(1);
  expect([book.status("task-1"), outbox.figures()]).toEqual(["COMPLETED", { failing: 0, givenUp: 0 }]);
});

test("a user who cannot be told of an end is told by the task's detail alone, and the agent has its word", async () => {
  outbox.add(started);
  outbox.add(completed);
  isHubDown = true;
  await repeat(LAST_TRY + 2);
  expect([book.status("task-1"), outbox.earliestDue(), outbox.figures().givenUp]).toEqual(["COMPLETED", null, 1]);
  expect(book.stored.size).toBe(1);
  outbox.add({ kind: "cancelled", taskId: "task-1", attempt, at: now });
  await repeat(LAST_TRY + 2);
  expect([outbox.earliestDue(), book.status("task-1")]).toEqual([null, "COMPLETED"]);
});
