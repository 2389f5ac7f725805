import { describe, expect, test } from "vitest";
import { createMemoryStore } from "../queue/memory-store.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import { lineKey, UNLIMITED } from "../queue/requirement.ts";
import type { DispatchStore, Front, StoreOptions } from "../queue/store.ts";
import { aModel, anAgent, anAttempt, anOfferedItem, aTask, aWaitingItem } from "../testing/builders.ts";
import { openNodeSql } from "../testing/node-sql.ts";
import { Random } from "../testing/random.ts";
import type { WorkItem } from "../queue/types.ts";

const STORES = [
  ["memory", createMemoryStore],
  ["SQLite", (options?: StoreOptions) => createSqliteStore(openNodeSql(), options)],
] as const;

const ids = (items: WorkItem[]) => items.map((item) => item.taskId);
const nameOf = (front: Front | null) => front && `${lineKey(front.line)} ${front.userId} ${front.tasks} ${front.seq} ${front.usage}`;
const byName = (a: string | null, b: string | null) => ((a ?? "") < (b ?? "") ? -1 : 1);
const byLine = (store: DispatchStore) => store.waitingLines().toSorted((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1));

describe.each(STORES)("the work list in %s", (_name, open) => {
  test("gives back what was put, and nothing once it is deleted", () => {
    const store = open();
    const item = aWaitingItem({ clientId: "mine" });
    expect(store.getItem("task-1")).toBeNull();
    store.putItem(item);
    expect(store.getItem("task-1")).toEqual(item);
    store.deleteItem("task-1");
    store.deleteItem("task-1");
    expect(store.getItem("task-1")).toBeNull();
  });

  test("keeps what was put apart from what the caller does with it afterwards", () => {
    const store = open();
    const item = aWaitingItem();
    store.putItem(item);
    item.failures = 2;
    expect(store.getItem("task-1")).toMatchObject({ failures: 0 });
  });

  test("finds an item by its current attempt, while it has one", () => {
    const store = open();
    store.putItem(anOfferedItem());
    expect(store.findByAttempt("attempt-1")).toMatchObject({ taskId: "task-1" });
    store.putItem(anOfferedItem({ attempt: anAttempt({ id: "attempt-2" }) }));
    expect(store.findByAttempt("attempt-1")).toBeNull();
    expect(store.findByAttempt("attempt-2")).toMatchObject({ taskId: "task-1" });
    store.putItem(aWaitingItem());
    expect(store.findByAttempt("attempt-2")).toBeNull();
  });

  test("knows the items at an agent in order of arrival, without those that are only ending", () => {
    const store = open();
    const at = (taskId: string, seq: number) => ({
      ...aTask({ taskId }),
      seq,
      dueAt: 0,
      charge: 0,
      attempt: anAttempt({ id: `attempt-${seq}` }),
    });
    store.putItem({ ...at("second", 2), state: "stopping" });
    store.putItem({ ...at("first", 1), state: "offered" });
    store.putItem({ ...at("over", 3), state: "ending" });
    store.putItem({ ...at("elsewhere", 4), state: "offered", attempt: anAttempt({ id: "attempt-4", agentId: "agent-b" }) });
    expect(ids(store.itemsOfAgent("agent-a"))).toEqual(["first", "second"]);
  });

  test("numbers arrivals without ever giving a number twice", () => {
    const store = open();
    const first = store.nextSeq();
    expect([store.nextSeq(), store.nextSeq()]).toEqual([first + 1, first + 2]);
  });

  test("counts waiting tasks by class, by user and in all, through every change of state", () => {
    const store = open();
    store.putItem(aWaitingItem({ taskId: "still", seq: 1 }));
    store.putItem(aWaitingItem({ taskId: "video", seq: 2, type: "TEXT2VIDEO", frames: 32 }));
    store.putItem(aWaitingItem({ taskId: "video-too", seq: 3, type: "TEXT2VIDEO", frames: 64, userId: 1002 }));
    const any = { memoryBytes: 0, model: "scene", pixels: UNLIMITED, frames: UNLIMITED, features: [] };
    const work = aTask().work;
    expect(byLine(store)).toEqual([
      { ...any, type: "TEXT2IMG", tasks: 1, users: 1, work },
      { ...any, type: "TEXT2VIDEO", tasks: 2, users: 2, work: 2 * work },
    ]);
    expect([store.countWaiting(), store.shareOf(1001).waiting, store.shareOf(1002).waiting]).toEqual([3, 2, 1]);

    store.putItem(anOfferedItem({ taskId: "still", seq: 1 }));
    store.deleteItem("video");
    expect(byLine(store)).toEqual([{ ...any, type: "TEXT2VIDEO", tasks: 1, users: 1, work }]);
    expect([store.countWaiting(), store.shareOf(1001).waiting, store.shareOf(1001).running]).toEqual([1, 0, 1]);

    store.putItem(aWaitingItem({ taskId: "still", seq: 1 }));
    expect(store.countWaiting()).toBe(2);
    expect(store.shareOf(1001)).toEqual({ waiting: 1, running: 0, usage: 0 });
  });

  test("names tasks that wait, as many as are asked for", () => {
    const store = open();
    for (const [index, taskId] of ["task-1", "task-2", "task-3"].entries()) store.putItem(aWaitingItem({ taskId, seq: index + 1 }));
    store.putItem(anOfferedItem({ taskId: "task-1" }));
    expect(store.waitingIds(1_000_000).toSorted()).toEqual(["task-2", "task-3"]);
    expect(store.waitingIds(1)).toHaveLength(1);
  });

  test("makes one class of all sizes between two limits that agents have, whenever those agents come", () => {
    const store = open();
    const sizes = [100, 200, 300, 400, 500];
    for (const [index, pixels] of sizes.entries()) store.putItem(aWaitingItem({ taskId: `task-${pixels}`, seq: index + 1, pixels }));
    expect(byLine(store)).toMatchObject([{ pixels: UNLIMITED, tasks: 5 }]);
    store.putAgent(anAgent({ agentId: "small", models: [aModel({ maxPixels: 250 })] }));
    store.putAgent(anAgent({ agentId: "large", models: [aModel({ maxPixels: 400 })] }));
    expect(store.waitingLines().toSorted((a, b) => a.pixels - b.pixels)).toMatchObject([
      { pixels: 250, tasks: 2 },
      { pixels: 400, tasks: 2 },
      { pixels: UNLIMITED, tasks: 1 },
    ]);
    expect(store.firstWaiting(store.lineOf(aTask({ pixels: 400 })), 1001)?.taskId).toBe("task-300");
    store.deleteItem("task-300");
    expect(store.nextByShare(store.lineOf(aTask({ pixels: 251 })))).toMatchObject({ userId: 1001, seq: 4, tasks: 1 });
    store.putItem(aWaitingItem({ taskId: "task-250", seq: 6, pixels: 250 }));
    expect(store.countWaitingBefore(store.lineOf(aTask({ pixels: 250 })), 1001, 6)).toBe(2);
  });

  test("splits a class by pixels and by frames at once", () => {
    const store = open();
    for (const [index, [pixels, frames]] of (
      [
        [100, 10],
        [100, 90],
        [900, 10],
        [900, 90],
      ] as const
    ).entries()) {
      store.putItem(aWaitingItem({ taskId: `task-${index}`, seq: index, pixels, frames }));
    }
    store.putAgent(anAgent({ models: [aModel({ maxPixels: 500, maxFrames: 50 })] }));
    const at = (pixels: number, frames: number) => store.firstWaiting(store.lineOf(aTask({ pixels, frames })), 1001)?.taskId;
    expect([at(1, 1), at(1, 51), at(501, 1), at(501, 51)]).toEqual(["task-0", "task-1", "task-2", "task-3"]);
    expect(store.waitingLines().map(({ tasks }) => tasks)).toEqual([1, 1, 1, 1]);
  });

  test("holds each part of a held line that is split for as long as the whole, and the rest no longer", () => {
    const store = open();
    const [small, large] = [aTask({ pixels: 100 }), aTask({ pixels: 900 })];
    store.putItem(aWaitingItem({ ...small, taskId: "small" }));
    store.putItem(aWaitingItem({ ...large, taskId: "large", seq: 2 }));
    store.holds.begin(store.lineOf(small), 5_000);
    store.putAgent(anAgent({ models: [aModel({ maxPixels: 500 })] }));
    expect([small, large].map((task) => store.holds.isOn(store.lineOf(task)))).toEqual([true, true]);
    expect(store.holds.isOn(store.lineOf(aTask({ model: "other" })))).toBe(false);
    expect(store.holds.over(5_000).map(lineKey)).toEqual([large, small].map((task) => lineKey(store.lineOf(task))));
  });

  test("serves a user's tasks in order of arrival, also one that came back", () => {
    const store = open();
    for (const seq of [3, 1, 2]) store.putItem(aWaitingItem({ taskId: `task-${seq}`, seq }));
    const line = store.lineOf(aTask());
    store.putItem(anOfferedItem({ taskId: "task-1", seq: 1 }));
    expect(store.firstWaiting(line, 1001)?.taskId).toBe("task-2");
    store.putItem(aWaitingItem({ taskId: "task-1", seq: 1 }));
    expect(store.firstWaiting(line, 1001)?.taskId).toBe("task-1");
    expect(store.firstWaiting(line, 1002)).toBeNull();
    expect(store.firstWaiting(store.lineOf(aTask({ model: "other" })), 1001)).toBeNull();
  });

  test("knows whose turn it is in a line: the user who used least, then the one who came first", () => {
    const store = open();
    const line = store.lineOf(aTask());
    for (const userId of [1001, 1002, 1003]) store.putItem(aWaitingItem({ taskId: `task-${userId}`, seq: userId, userId }));
    expect(store.nextByShare(line)).toEqual({ line: expect.objectContaining(line), userId: 1001, tasks: 1, seq: 1001, usage: 0 });
    store.setUsage(1001, 5);
    expect(store.nextByShare(line)?.userId).toBe(1002);
    store.setUsage(1002, 4);
    store.setUsage(1003, 6);
    expect(store.nextByShare(line)).toMatchObject({ userId: 1002, usage: 4 });
    expect([store.nextByShare(line, [1002])?.userId, store.nextByShare(line, [1001, 1002, 1003])]).toEqual([1001, null]);
    expect(store.nextByAge(line)?.userId).toBe(1001);
    store.deleteItem("task-1001");
    expect(store.nextByAge(line)?.userId).toBe(1002);
    // What was used is remembered while nothing waits, until it has faded.
    expect(store.shareOf(1001)).toEqual({ waiting: 0, running: 0, usage: 5 });
    for (const userId of [1001, 1002, 1004]) store.vips.set(userId, { level: 1, until: null });
    store.forgetUsers(5);
    expect(store.shareOf(1001).usage).toBe(5);
    store.forgetUsers(7);
    expect([store.shareOf(1001).usage, store.shareOf(1002).usage]).toEqual([0, 4]);
    // Nor of what level somebody is who has nothing here.
    expect([1001, 1002, 1004].map((userId) => store.vips.of(userId)?.level)).toEqual([undefined, 1, undefined]);
  });

  test("passes over users who have as many running as they may, and tells once when one has room again", () => {
    const store = open({ runningPerUser: 1 });
    const line = store.lineOf(aTask());
    store.putItem(anOfferedItem({ taskId: "running", seq: 1 }));
    store.putItem(aWaitingItem({ taskId: "mine", seq: 2 }));
    expect([store.nextByShare(line), store.nextByAge(line)]).toEqual([null, null]);
    store.putItem(aWaitingItem({ taskId: "theirs", seq: 3, userId: 1002 }));
    expect([store.nextByShare(line)?.userId, store.nextByAge(line)?.userId]).toEqual([1002, 1002]);
    expect(store.frontsOf(1001)).toMatchObject([{ userId: 1001, seq: 2 }]);
    expect(store.takeUncapped()).toEqual([]);
    store.deleteItem("running");
    expect(store.takeUncapped()).toEqual([1001]);
    expect(store.takeUncapped()).toEqual([]);
    expect(store.nextByShare(line)?.userId).toBe(1001);
  });

  test("tells what is due, earliest first, a batch at a time", () => {
    const store = open();
    for (const [taskId, dueAt, seq] of [
      ["late", 30, 1],
      ["early", 10, 2],
      ["also-early", 10, 3],
      ["not-yet", 31, 4],
    ] as const) {
      store.putItem(aWaitingItem({ taskId, dueAt, seq }));
    }
    expect(ids(store.dueItems(30, 10))).toEqual(["early", "also-early", "late"]);
    expect(ids(store.dueItems(30, 2))).toEqual(["early", "also-early"]);
    expect(store.dueItems(9, 10)).toEqual([]);
  });

  test("tells when something is due next, an item or a rested agent", () => {
    const store = open();
    expect(store.earliestDue()).toBeNull();
    store.putAgent(anAgent({ restsUntil: 20 }));
    expect(store.earliestDue()).toBe(20);
    store.putItem(aWaitingItem({ dueAt: 30 }));
    expect(store.earliestDue()).toBe(20);
    store.putAgent(anAgent({ restsUntil: null }));
    expect(store.earliestDue()).toBe(30);
  });

  test("knows agents in the order in which they first came, and which have rested", () => {
    const store = open();
    store.putAgent(anAgent({ agentId: "zeta", restsUntil: 10 }));
    store.putAgent(anAgent({ agentId: "alpha", restsUntil: 11 }));
    store.putAgent(anAgent({ agentId: "zeta", restsUntil: 10, freeSlots: 3 }));
    expect(store.listAgents().map((agent) => agent.agentId)).toEqual(["zeta", "alpha"]);
    expect(store.getAgent("zeta")).toMatchObject({ freeSlots: 3 });
    expect(store.getAgent("nobody")).toBeNull();
    expect(store.restedAgents(10).map((agent) => agent.agentId)).toEqual(["zeta"]);
    expect(store.restedAgents(9)).toEqual([]);
  });

  test("forgets an agent that is deleted, and one that it does not know without complaint", () => {
    const store = open();
    store.putAgent(anAgent({ agentId: "zeta", restsUntil: 10 }));
    store.putAgent(anAgent({ agentId: "alpha" }));
    store.deleteAgent("zeta");
    store.deleteAgent("nobody");
    expect(store.getAgent("zeta")).toBeNull();
    expect(store.listAgents().map((agent) => agent.agentId)).toEqual(["alpha"]);
    expect(store.earliestDue()).toBeNull();
  });

  test("remembers a measured speed, even one that is hardly anything", () => {
    const store = open();
    expect(store.getSpeed("k")).toBeNull();
    store.putSpeed("k", 1.5);
    store.putSpeed("k", 0);
    expect(store.getSpeed("k")).toBe(0);
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("both answer the same to 300 random calls (seed %i)", (seed) => {
  const random = new Random(seed);
  const stores = STORES.map(([, open]) => open({ runningPerUser: 3 }));
  const users = [1000, 1001, 1002];
  let attempts = 0;
  for (let call = 0; call < 300; call++) {
    const task = random.below(12);
    const taskId = `task-${task}`;
    const now = random.below(100);
    if (random.chance(0.25)) {
      for (const store of stores) store.deleteItem(taskId);
    } else if (random.chance(0.3)) {
      const agent = anAgent({
        agentId: `agent-${random.below(4)}`,
        freeSlots: random.below(3),
        slots: 2,
        restsUntil: random.chance(0.5) ? now : null,
        models: [aModel({ maxPixels: random.pick([100, 150, 200]), ...(random.chance(0.3) && { maxFrames: 3 }) })],
      });
      for (const store of stores) store.putAgent(agent);
    } else if (random.chance(0.2)) {
      const usage = random.below(50);
      for (const store of stores) store.setUsage(1000 + random.below(1), usage);
    } else {
      // A task's requirement and arrival are its own for life.
      const sizes = { pixels: 64 * ((task % 4) + 1), frames: task % 5 };
      const common = { ...aTask({ taskId, userId: 1000 + (task % 3), ...sizes }), seq: task, dueAt: now };
      const attempt = anAttempt({ id: `attempt-${++attempts}`, agentId: `agent-${random.below(4)}` });
      const item = random.pick<WorkItem>([
        { ...common, state: "waiting" },
        { ...common, state: "offered", attempt, charge: 1 },
        { ...common, state: "stopping", attempt },
        { ...common, state: "ending", attempt: random.chance(0.5) ? attempt : null },
      ]);
      for (const store of stores) store.putItem(item);
    }
    const [memory, sqlite] = stores.map((store) => ({
      item: store.getItem(taskId),
      attempt: store.findByAttempt(`attempt-${attempts}`),
      atAgents: [0, 1, 2, 3].map((n) => ids(store.itemsOfAgent(`agent-${n}`))),
      open: [0, 1, 2, 3].map((n) => store.agents.openOf(`agent-${n}`)),
      lines: byLine(store),
      next: byLine(store).map((line) => [nameOf(store.nextByShare(line)), nameOf(store.nextByAge(line))]),
      heads: byLine(store).map((line) => users.map((userId) => store.firstWaiting(line, userId)?.taskId)),
      users: users.map((userId) => [store.shareOf(userId), store.frontsOf(userId).map(nameOf).toSorted(byName)]),
      uncapped: store.takeUncapped(),
      waiting: store.countWaiting(),
      due: ids(store.dueItems(now, 5)),
      earliest: store.earliestDue(),
      agents: store.listAgents(),
      rested: store
        .restedAgents(now)
        .map(({ agentId }) => agentId)
        .toSorted(),
    }));
    expect(sqlite, `after call ${call}`).toEqual(memory);
  }
});

test("a work list that is opened again is the one that was left", () => {
  const sql = openNodeSql();
  const left = createSqliteStore(sql, { runningPerUser: 9 });
  left.putAgent(anAgent({ slots: 3, freeSlots: 2, models: [aModel({ maxPixels: 100 })] }));
  left.putAgent(anAgent({ agentId: "resting", restsUntil: 7 }));
  for (const seq of [1, 2, 3]) left.putItem(aWaitingItem({ taskId: `task-${seq}`, seq, pixels: 90 * seq, userId: 1000 + seq }));
  left.putItem(anOfferedItem({ taskId: "offered", seq: 4 }));
  left.setUsage(1001, 12);
  left.vips.set(1001, { level: 1, until: null });
  left.vips.set(1002, { level: 1, until: 5 });
  left.vips.set(1002, { level: 2, until: 6 });
  left.vips.set(1003, { level: 3, until: null });
  left.vips.set(1003, null);
  const again = createSqliteStore(sql, { runningPerUser: 9 });
  const seen = (store: DispatchStore) => [
    byLine(store),
    byLine(store).map((line) => nameOf(store.nextByShare(line))),
    store.listAgents(),
    store.agents.openOf("agent-a"),
    store.restedAgents(7),
    store.agents.levels,
    [1001, 1002, 1003].map((userId) => store.vips.of(userId)),
  ];
  expect(seen(again)).toEqual(seen(left));
  // The operator has lowered the cap meanwhile.
  const capped = createSqliteStore(sql, { runningPerUser: 1 });
  expect(capped.nextByShare(capped.lineOf(aTask({ pixels: 90 })))).toBeNull();
});

describe("the cost of a decision in SQLite", () => {
  /** The plans of every statement that a few calls ask, with one value for all bindings. */
  function plansOf(use: (store: DispatchStore) => void): string[] {
    const sql = openNodeSql();
    const store = createSqliteStore(sql);
    store.putAgent(anAgent());
    store.putItem(aWaitingItem());
    sql.asked.length = 0;
    use(store);
    return sql.asked.flatMap((query) => {
      const bindings = Array.from(query.matchAll(/\?/g), () => 1);
      const plan = sql.database.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...bindings);
      return plan.map((row) => String(row["detail"]));
    });
  }

  test("scans no items, whatever is asked or written", () => {
    const plans = plansOf((store) => {
      store.getItem("task-1");
      store.findByAttempt("attempt-1");
      store.itemsOfAgent("agent-a");
      const line = store.lineOf(aTask());
      store.firstWaiting(line, 1001);
      store.nextByShare(line);
      store.nextByShare(line, [1001]);
      store.nextByAge(line);
      store.frontsOf(1001);
      store.shareOf(1001);
      store.setUsage(1001, 1);
      store.waitingLines();
      store.countWaiting();
      store.dueItems(1, 10);
      store.restedAgents(1);
      store.earliestDue();
      store.putItem(anOfferedItem());
      store.deleteItem("task-1");
    });
    expect(plans.filter((step) => /SCAN (work_items|fronts|user_shares|agent_records)/.test(step))).toEqual([]);
    expect(plans).toContain("SEARCH work_items USING INDEX work_items_waiting (line=? AND user_id=?)");
    expect(plans).toContain("SEARCH work_items USING INDEX work_items_due (due_at<?)");
    expect(plans).toContain("SEARCH fronts USING INDEX fronts_share (line=?)");
    expect(plans).toContain("SEARCH fronts USING INDEX fronts_age (line=?)");
    // What one agent has and where one user waits are sorted after they were read: a handful.
    const sorted = plans.filter((step) => /TEMP B-TREE/.test(step));
    expect(sorted.length).toBeLessThanOrEqual(plans.filter((step) => /work_items_agent|fronts_user/.test(step)).length);
  });
});

test("the work list in SQLite remembers held lines and how many starts an agent had when it is opened again", () => {
  const sql = openNodeSql();
  const store = createSqliteStore(sql);
  const [red, blue, green] = ["red", "blue", "green"].map((model) => store.lineOf(aTask({ model })));
  if (!red || !blue || !green) throw new Error("three lines");
  store.holds.begin(red, 1_000.5);
  store.holds.begin(blue, 500);
  store.holds.begin(green, 2_000);
  store.holds.end(green);
  expect(store.holds.over(600)).toEqual([blue]);
  store.nextTurn("a");
  store.nextTurn("a");
  store.nextTurn("b");
  store.deleteAgent("b");

  const reopened = createSqliteStore(sql);
  const { holds } = reopened;
  expect([red, blue, green].map((line) => [holds.isOn(line), holds.isOver(line, 700)])).toEqual([
    [true, false],
    [false, true],
    [false, false],
  ]);
  expect(holds.earliest()).toBe(1_000.5);
  expect([reopened.nextTurn("a"), reopened.nextTurn("b")]).toEqual([3, 1]);
});
