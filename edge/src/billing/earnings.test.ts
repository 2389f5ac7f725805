import { describe, expect, test } from "vitest";
import { openDatabase } from "../db/client.ts";
import { createEarningsStore } from "../agents/earnings-store.ts";
import { aRow, Books, CANCELLED, completed, FAILED, USER } from "./testing/books.ts";

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 5, 15, 12);

/** A user with credits, an owner without, and a task of the user that the owner's box runs. */
async function aSharedTask({ percent = 70, cost = 10 } = {}) {
  const books = new Books(percent);
  await books.addUser(100);
  const owner = await books.addUser(0);
  const key = books.addKey(owner);
  await books.started("attempt-1", aRow({ cost }), `${key}.9-box`);
  return { books, owner, key };
}

const recordsOf = (books: Books, userId: number) =>
  books.all(`SELECT type, amount, balance, task_id FROM fund_records WHERE user_id = ${userId} AND task_id IS NOT NULL ORDER BY id`);

describe("the owner of the agent that completed a task", () => {
  test("earns the configured share of its price with the charge", async () => {
    const { books, owner } = await aSharedTask();
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON)).toBe("settled");
    expect(recordsOf(books, USER)).toEqual([{ type: "DEDUCT", amount: -10, balance: 90, task_id: "task-1" }]);
    expect(recordsOf(books, owner)).toEqual([{ type: "EARN", amount: 7, balance: 7, task_id: "task-1" }]);
    expect(books.violations).toEqual([]);
  });

  test.each([
    [0, 10, []],
    [9, 10, []],
    [15, 10, [1]],
    [99, 10, [9]],
    [100, 10, [10]],
    [50, 0, []],
    [33, 100, [33]],
  ])("earns whole credits, rounded down: %i%% of %i is %o", async (percent, cost, earned) => {
    const { books, owner } = await aSharedTask({ percent, cost });
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON);
    expect(recordsOf(books, owner).map(({ amount }) => amount)).toEqual(earned);
    expect(books.violations).toEqual([]);
  });

  test("earns once, however often the completion is repeated", async () => {
    const { books, owner } = await aSharedTask();
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON);
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON)).toBe("already");
    expect(books.account(owner)).toEqual({ balance: 7, frozen: 0 });
  });

  test.each([
    ["fails", "attempt-1", FAILED],
    ["is cancelled", null, CANCELLED],
  ] as const)("earns nothing when the task %s", async (_how, attemptId, end) => {
    const { books, owner } = await aSharedTask();
    await books.ledger.settleTask("task-1", attemptId, end, NOON);
    expect(books.account(owner)).toEqual({ balance: 0, frozen: 0 });
  });

  test("earns nothing from an attempt that lost the task to somebody else's", async () => {
    const { books, owner } = await aSharedTask();
    await books.history.recordLoss("task-1", "attempt-1", "LOST", "gone", 3);
    const other = await books.addUser(0);
    const attempt = { id: "attempt-2", number: 2, agentId: `${books.addKey(other)}.box`, agentName: "box" };
    await books.history.recordStart("task-1", attempt, 4);
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 5)).toBe("refused");
    await books.ledger.settleTask("task-1", "attempt-2", completed("attempt-2"), 6);
    expect([books.account(owner)?.["balance"], books.account(other)?.["balance"]]).toEqual([0, 7]);
    expect(books.violations).toEqual([]);
  });

  test("who runs his own task is charged and earns his share of it", async () => {
    const books = new Books(70);
    await books.addUser(100);
    await books.started("attempt-1", aRow(), `${books.addKey(USER)}.box`);
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON);
    expect(recordsOf(books, USER).map(({ type, balance }) => [type, balance])).toEqual([
      ["DEDUCT", 90],
      ["EARN", 97],
    ]);
    expect(books.violations).toEqual([]);
  });

  test("sees what he earned today, this month and in all", async () => {
    const { books, owner, key } = await aSharedTask();
    const earnings = createEarningsStore(openDatabase(books.d1));
    const times = [NOON, NOON - DAY_MS / 2, NOON - DAY_MS / 2 - 1, NOON - 20 * DAY_MS];
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON);
    for (const [n, time] of times.entries()) {
      if (n === 0) continue;
      await books.started(`more-${n}`, aRow({ id: `more-${n}` }), `${key}.9-box`);
      await books.ledger.settleTask(`more-${n}`, `more-${n}`, completed(`more-${n}`), time);
    }
    expect(await earnings.readEarnings(owner, NOON)).toEqual({ today: 14, month: 21, total: 28 });
    expect(await earnings.readEarnings(USER, NOON)).toEqual({ today: 0, month: 0, total: 0 });
    expect(books.violations).toEqual([]);
  });
});

describe("the database refuses an earning", () => {
  const earn = (userId: number, amount: number, taskId = "'task-1'") =>
    `INSERT INTO fund_records (user_id, type, amount, balance, reason, task_id, create_time)
     SELECT ${userId}, 'EARN', ${amount}, balance + ${amount}, 'x', ${taskId}, 9 FROM accounts WHERE user_id = ${userId}`;

  test.each([
    ["of somebody whose agent it was not", () => earn(USER, 1), "earning without its charge"],
    ["above what was charged", (owner: number) => earn(owner, 11), "earning without its charge"],
    ["of nothing, or below", (owner: number) => earn(owner, 0), "earning without its charge"],
    ["without a task", (owner: number) => earn(owner, 1, "NULL"), "earning without its charge"],
  ])("%s", async (_what, statement, reason) => {
    const { books, owner } = await aSharedTask({ percent: 0 });
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON);
    expect(() => books.sqlite.exec(statement(owner))).toThrow(reason);
  });

  test("a second time", async () => {
    const { books, owner } = await aSharedTask();
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), NOON);
    expect(() => books.sqlite.exec(earn(owner, 1))).toThrow("UNIQUE constraint failed: fund_records");
    expect(books.violations).toEqual([]);
  });
});
