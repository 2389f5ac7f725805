import { beforeEach, describe, expect, test } from "vitest";
import { anAttempt } from "../dispatch/testing/builders.ts";
import { openDatabase } from "../db/client.ts";
import { Random } from "../dispatch/testing/random.ts";
import { createLedgerCheckStore } from "./ledger-check-store.ts";
import { aRow, Books, CANCELLED, completed, FAILED, USER } from "./testing/books.ts";

let books: Books;

beforeEach(async () => {
  books = new Books();
  await books.addUser(25);
});

describe("opening a task", () => {
  test("freezes its cost and moves no balance", async () => {
    expect(await books.ledger.openTask(aRow())).toBe("opened");
    expect(books.account()).toEqual({ balance: 25, frozen: 10 });
    expect(books.violations).toEqual([]);
  });

  test("without enough credits leaves no trace", async () => {
    await books.ledger.openTask(aRow({ id: "task-1" }));
    await books.ledger.openTask(aRow({ id: "task-2" }));
    expect(await books.ledger.openTask(aRow({ id: "task-3" }))).toBe("insufficient");
    expect(books.account()).toEqual({ balance: 25, frozen: 20 });
    expect(books.all("SELECT id FROM tasks")).toEqual([{ id: "task-1" }, { id: "task-2" }]);
    expect(books.violations).toEqual([]);
  });

  test("with a key that a parallel request has used leaves no trace, whether or not there are credits for it", async () => {
    const record = { key: "k", item: 0, bodyHash: "hash", answer: { taskId: "task-1" } };
    expect(await books.ledger.openTask(aRow({ cost: 25 }), record)).toBe("opened");
    const again = { ...record, answer: { taskId: "task-2" } };
    expect(await books.ledger.openTask(aRow({ id: "task-2" }), again)).toBe("repeated");
    expect(books.all("SELECT user_id, item, answer FROM idempotency_keys")).toEqual([
      { user_id: USER, item: 0, answer: '{"taskId":"task-1"}' },
    ]);
    expect(books.all("SELECT id FROM tasks")).toEqual([{ id: "task-1" }]);
    expect(await books.ledger.openTask(aRow({ id: "task-3", cost: 0 }), { ...again, item: 1 })).toBe("opened");
    expect(books.violations).toEqual([]);
  });

  test("with a key of the day before is a new task, and one without credits keeps no key", async () => {
    const record = { key: "k", item: 0, bodyHash: "hash", answer: {} };
    await books.ledger.openTask(aRow({ createTime: 1 }), record);
    const dayLater = 1 + 24 * 3_600_000;
    expect(await books.ledger.openTask(aRow({ id: "task-2", createTime: dayLater - 1 }), record)).toBe("repeated");
    expect(await books.ledger.openTask(aRow({ id: "task-2", createTime: dayLater }), record)).toBe("opened");
    expect(await books.ledger.openTask(aRow({ id: "task-3" }), { ...record, key: "other" })).toBe("insufficient");
    expect(books.all("SELECT key, create_time FROM idempotency_keys")).toEqual([{ key: "k", create_time: dayLater }]);
    expect(books.violations).toEqual([]);
  });

  test("takes the very last credit, and a free task of somebody who has none", async () => {
    expect(await books.ledger.openTask(aRow({ cost: 25 }))).toBe("opened");
    const poor = await books.addUser(0);
    expect(await books.ledger.openTask(aRow({ id: "task-2", userId: poor, cost: 0 }))).toBe("opened");
    expect(await books.ledger.openTask(aRow({ id: "task-3", userId: poor, cost: 1 }))).toBe("insufficient");
  });

  test("fails, and freezes nothing, for an id that exists or a user without an account", async () => {
    await books.ledger.openTask(aRow());
    await expect(books.ledger.openTask(aRow())).rejects.toThrow("UNIQUE constraint failed: tasks.id");
    await expect(books.ledger.openTask(aRow({ id: "task-2", userId: 9999 }))).rejects.toThrow("FOREIGN KEY constraint failed");
    expect(books.account()).toEqual({ balance: 25, frozen: 10 });
    expect(books.violations).toEqual([]);
  });
});

describe("settling", () => {
  test("a completed task captures its hold as one DEDUCT and stores its results", async () => {
    await books.started();
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1", 2), 3)).toBe("settled");
    expect(books.account()).toEqual({ balance: 15, frozen: 0 });
    expect(books.all("SELECT type, amount, balance, task_id FROM fund_records ORDER BY id")).toEqual([
      { type: "RECHARGE", amount: 25, balance: 25, task_id: null },
      { type: "DEDUCT", amount: -10, balance: 15, task_id: "task-1" },
    ]);
    expect(books.all("SELECT position FROM results")).toEqual([{ position: 0 }, { position: 1 }]);
    expect(books.all("SELECT outcome, end_time FROM attempts")).toEqual([{ outcome: "COMPLETED", end_time: 3 }]);
    expect(books.violations).toEqual([]);
  });

  test.each([
    ["failed", "attempt-1", FAILED],
    ["failed whatever its attempt does", null, FAILED],
    ["cancelled", null, CANCELLED],
  ] as const)("a %s task releases its hold and charges nothing", async (_how, attemptId, end) => {
    await books.started();
    expect(await books.ledger.settleTask("task-1", attemptId, end, 3)).toBe("settled");
    expect(books.account()).toEqual({ balance: 25, frozen: 0 });
    expect(books.all("SELECT outcome FROM attempts")).toEqual([{ outcome: end.status }]);
    expect(books.violations).toEqual([]);
  });

  test("a cancel that costs something releases the hold whole and charges that much, once, and never more than the price", async () => {
    await books.started();
    expect(await books.ledger.settleTask("task-1", "attempt-1", { status: "CANCELLED", charge: 4 }, 3)).toBe("settled");
    expect(await books.ledger.settleTask("task-1", "attempt-1", { status: "CANCELLED", charge: 4 }, 4)).toBe("already");
    expect(await books.ledger.settleTask("task-1", null, CANCELLED, 5)).toBe("already");
    expect(books.all("SELECT type, amount, balance, reason, task_id FROM fund_records WHERE task_id IS NOT NULL")).toEqual([
      { type: "DEDUCT", amount: -4, balance: 21, reason: "取消扣费", task_id: "task-1" },
    ]);
    expect(books.all("SELECT kind FROM settlements")).toEqual([{ kind: "RELEASED" }]);
    await books.started("attempt-2", aRow({ id: "task-2" }));
    await books.ledger.settleTask("task-2", "attempt-2", { status: "CANCELLED", charge: 1_000 }, 6);
    expect(books.account()).toEqual({ balance: 11, frozen: 0 });
    expect(books.violations).toEqual([]);
    expect(await createLedgerCheckStore(openDatabase(books.d1)).checkAccounts(0, 10)).toMatchObject({ faults: [] });
  });

  test("a cancel for a step of an attempt that the task is no more charges nothing", async () => {
    await books.started();
    await books.history.recordLoss("task-1", "attempt-1", "LOST", "gone", 3);
    expect(await books.ledger.settleTask("task-1", "attempt-1", { status: "CANCELLED", charge: 4 }, 4)).toBe("refused");
    expect([books.status(), books.account()]).toEqual(["PENDING", { balance: 25, frozen: 10 }]);
  });

  test("a waiting task works for a cancel and a deadline, not for a completion", async () => {
    await books.ledger.openTask(aRow());
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 3)).toBe("refused");
    expect(books.account()).toEqual({ balance: 25, frozen: 10 });
    expect(await books.ledger.settleTask("task-1", null, CANCELLED, 3)).toBe("settled");
  });

  test("a free task still leaves its one record", async () => {
    await books.started("attempt-1", aRow({ cost: 0 }));
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 3)).toBe("settled");
    expect(books.account()).toEqual({ balance: 25, frozen: 0 });
    expect(books.violations).toEqual([]);
  });

  test("the same end again answers that it is on record, and changes nothing", async () => {
    for (const [task, attemptId, end] of [
      ["task-1", "attempt-1", completed("attempt-1")],
      ["task-2", null, CANCELLED],
    ] as const) {
      await books.started(`attempt-${task.at(-1)}`, aRow({ id: task }));
      await books.ledger.settleTask(task, attemptId, end, 3);
      const before = [books.all("SELECT * FROM tasks"), books.all("SELECT * FROM fund_records")];
      expect(await books.ledger.settleTask(task, attemptId, end, 4)).toBe("already");
      expect([books.all("SELECT * FROM tasks"), books.all("SELECT * FROM fund_records")]).toEqual(before);
    }
  });

  test("by an attempt that does not hold the task is refused", async () => {
    await books.started();
    await books.history.recordLoss("task-1", "attempt-1", "LOST", "gone", 3);
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 4)).toBe("refused");
    await books.history.recordStart("task-1", anAttempt({ id: "attempt-2", number: 2 }), 5);
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 6)).toBe("refused");
    expect(await books.ledger.settleTask("task-1", "attempt-2", completed("attempt-2"), 7)).toBe("settled");
    expect(await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 8)).toBe("refused");
    expect(books.all("SELECT outcome FROM attempts ORDER BY number")).toEqual([{ outcome: "LOST" }, { outcome: "COMPLETED" }]);
    expect(books.violations).toEqual([]);
  });

  test("a task that does not exist is refused", async () => {
    expect(await books.ledger.settleTask("nothing", null, CANCELLED, 3)).toBe("refused");
  });

  test("changes nothing when one of its statements fails for another reason", async () => {
    await books.started();
    await books.started("attempt-2", aRow({ id: "task-2" }));
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 3);
    // The same file key again: no result may stand for two tasks.
    await expect(books.ledger.settleTask("task-2", "attempt-2", completed("attempt-1"), 4)).rejects.toThrow(
      "UNIQUE constraint failed: results",
    );
    expect(books.status("task-2")).toBe("PROCESSING");
    expect(books.account()).toEqual({ balance: 15, frozen: 10 });
    expect(books.violations).toEqual([]);
  });
});

const ENDS = [
  ["completed", "attempt-1", completed("attempt-1")],
  ["failed", "attempt-1", FAILED],
  ["failed by its deadline", null, FAILED],
  ["cancelled", null, CANCELLED],
] as const;
const RACES = ENDS.flatMap((first) =>
  ENDS.filter((second) => second[2].status !== first[2].status).map((second) => [first, second] as const),
);

test.each(RACES.map(([first, second]) => [first[0], second[0], first, second] as const))(
  "a task that is %s first stays so when it is %s after",
  async (_first, _second, [, firstAttempt, firstEnd], [, secondAttempt, secondEnd]) => {
    await books.started();
    expect(await books.ledger.settleTask("task-1", firstAttempt, firstEnd, 3)).toBe("settled");
    expect(await books.ledger.settleTask("task-1", secondAttempt, secondEnd, 4)).toBe("refused");
    expect(books.status()).toBe(firstEnd.status);
    expect(books.violations).toEqual([]);
  },
);

describe("starting and losing an attempt", () => {
  test("is recorded once, however often it is said", async () => {
    await books.started();
    expect(await books.history.recordStart("task-1", anAttempt({ id: "attempt-1" }), 9)).toBe("recorded");
    await books.history.recordLoss("task-1", "attempt-1", "LOST", "gone", 3);
    await books.history.recordLoss("task-1", "attempt-1", "FAILED", "again", 4);
    expect(books.all("SELECT outcome, reason, end_time FROM attempts")).toEqual([{ outcome: "LOST", reason: "gone", end_time: 3 }]);
    expect(books.all("SELECT status, attempt_id, start_time, attempt_count FROM tasks")).toEqual([
      { status: "PENDING", attempt_id: null, start_time: null, attempt_count: 1 },
    ]);
  });

  test("is refused for a second attempt beside the first, and after the end", async () => {
    await books.started();
    expect(await books.history.recordStart("task-1", anAttempt({ id: "attempt-2", number: 2 }), 3)).toBe("refused");
    await books.ledger.settleTask("task-1", null, CANCELLED, 4);
    expect(await books.history.recordStart("task-1", anAttempt({ id: "attempt-2", number: 2 }), 5)).toBe("refused");
    expect(books.violations).toEqual([]);
  });

  test("does not touch a task that went on without it", async () => {
    await books.started();
    await books.ledger.settleTask("task-1", "attempt-1", completed("attempt-1"), 3);
    await books.history.recordLoss("task-1", "attempt-1", "LOST", "late", 4);
    expect(books.status()).toBe("COMPLETED");
    expect(books.all("SELECT outcome FROM attempts")).toEqual([{ outcome: "COMPLETED" }]);
  });

  test("shows in what the sweep finds", async () => {
    await books.started("attempt-1", aRow({ parameters: ENGINE_PARAMETERS }));
    await books.ledger.openTask(aRow({ id: "task-2", parameters: ENGINE_PARAMETERS, createTime: 2 }));
    const start = { createTime: 0, taskId: "" };
    const { tasks: all } = await books.history.findLive({ pool: "public", shard: 0 }, 100, start, 10);
    const [first, second, ...others] = all;
    const paged = await books.history.findLive({ pool: "public", shard: 0 }, 100, start, 1);
    expect(paged).toEqual({ tasks: [first], unreadable: [], next: { createTime: first?.task.createTime, taskId: first?.task.taskId } });
    expect((await books.history.findLive({ pool: "public", shard: 0 }, 100, paged.next ?? start, 10)).tasks).toEqual([second, ...others]);
    expect(first).toMatchObject({
      task: { taskId: "task-1", failures: 0, attemptNumber: 1 },
      attempt: { id: "attempt-1", number: 1 },
      startTime: 2,
    });
    expect(second).toMatchObject({ task: { taskId: "task-2", pixels: 4096, work: 4096 * 3 * 2 }, attempt: null, startTime: 2 });
    expect(others).toEqual([]);
    expect((await books.history.findLive({ pool: "public", shard: 0 }, 2, start, 10)).tasks).toHaveLength(1);
    await books.ledger.settleTask("task-1", null, CANCELLED, 3);
    expect(await books.history.findEnded(["task-1", "task-2"])).toEqual(["task-1"]);
    expect(await books.history.findEnded([])).toEqual([]);
  });
});

const ENGINE_PARAMETERS = {
  prompt: "a cat",
  negativePrompt: "",
  modelName: "stargraph-scene",
  width: 64,
  height: 64,
  steps: 3,
  cfgScale: 7,
  seed: 1,
  sampler: "euler",
  scheduler: "normal",
  denoise: 1,
  batchSize: 2,
};

describe("the database refuses what no statement of ours should ask", () => {
  test.each([
    ["a second settlement", "INSERT INTO settlements VALUES ('done', 'RELEASED', NULL, 'x', 9)", "task is final"],
    ["an end without a settlement", "UPDATE tasks SET status = 'CANCELLED', complete_time = 9 WHERE id = 'live'", "without its settlement"],
    ["a change after the end", "UPDATE tasks SET status = 'PENDING' WHERE id = 'done'", "task is final"],
    ["a capture without an attempt", "INSERT INTO settlements VALUES ('live', 'CAPTURED', NULL, 'x', 9)", "CHECK"],
    ["more frozen than owned", "UPDATE accounts SET frozen = 1000", "insufficient_credits"],
    [
      "a balance that does not follow",
      `INSERT INTO fund_records (user_id, type, amount, balance, reason, create_time) VALUES (${USER}, 'ADJUST', 5, 7, 'x', 9)`,
      "continue the balance",
    ],
    [
      "an earning of a task that was not charged",
      `INSERT INTO fund_records (user_id, type, amount, balance, reason, task_id, create_time) VALUES (${USER}, 'EARN', 5, 10, 'x', 'live', 9)`,
      "earning without its charge",
    ],
    ["a record that changes", "UPDATE fund_records SET amount = 0", "never changed"],
    ["a record that goes", "DELETE FROM fund_records", "never deleted"],
    ["a hold that changes", "UPDATE holds SET amount = 0", "never changed"],
    ["a settlement that changes", "UPDATE settlements SET kind = 'RELEASED'", "never changed"],
    [
      "an attempt of a task that is done",
      "INSERT INTO attempts (id, task_id, number, agent_id, agent_name, start_time) VALUES ('x', 'done', 9, 'a', 'a', 9)",
      "not waiting",
    ],
  ])("%s", async (_what, statement, reason) => {
    await books.started("attempt-1", aRow({ id: "done" }));
    await books.ledger.settleTask("done", "attempt-1", completed("attempt-1"), 3);
    await books.started("attempt-2", aRow({ id: "live" }));
    expect(() => books.sqlite.exec(statement)).toThrow(reason);
    expect(books.violations).toEqual([]);
  });
});

test("a recharge of an account that is not there fails instead of vanishing", async () => {
  await expect(books.ledger.recharge(9999, 5, "x", 1)).rejects.toThrow("no account of user 9999");
});

test.each([1, 2, 3, 4, 5])("the books add up after each of 400 random events (seed %i)", async (seed) => {
  const random = new Random(seed);
  const users = [USER, await books.addUser(40), await books.addUser(0)];
  const ids = Array.from({ length: 30 }, (_, n) => `task-${n}`);
  const broken: object[] = [];
  let attempts = 0;
  for (let event = 0; event < 400; event++) {
    const id = random.pick(ids);
    const current = random.pick([`attempt-${attempts}`, `attempt-${random.below(attempts + 1)}`]);
    const now = event + 10;
    const dice = random.below(12);
    if (dice < 3)
      await books.ledger.openTask(aRow({ id, userId: random.pick(users), cost: random.below(15), createTime: now })).catch(() => "exists");
    else if (dice < 6) {
      attempts++;
      await books.history.recordStart(id, anAttempt({ id: `attempt-${attempts}`, number: attempts }), now).catch(() => "absent");
    } else if (dice < 7) await books.history.recordLoss(id, current, "LOST", "gone", now);
    else if (dice < 9) {
      const holder = books.all(`SELECT attempt_id FROM tasks WHERE id = '${id}'`)[0]?.["attempt_id"];
      const attemptId = typeof holder === "string" && random.chance(0.8) ? holder : current;
      await books.ledger.settleTask(id, attemptId, completed(attemptId), now);
    } else if (dice < 10) await books.ledger.settleTask(id, current, FAILED, now);
    else if (dice < 11) await books.ledger.settleTask(id, null, random.pick([CANCELLED, FAILED]), now);
    else await books.ledger.recharge(random.pick(users), random.below(20) + 1, "more", now);
    broken.push(...(event % 20 === 0 ? books.violations.map((row) => ({ event, ...row })) : []));
  }
  expect(broken).toEqual([]);
  expect(books.violations).toEqual([]);
  const statuses = new Set(books.all("SELECT DISTINCT status FROM tasks").map((row) => row["status"]));
  expect([...statuses]).toEqual(expect.arrayContaining(["COMPLETED", "FAILED", "CANCELLED"]));
});
