import { describe, expect, test } from "vitest";
import { createMemoryStore } from "./memory-store.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import { type DispatchStore, lineKey } from "./store.ts";
import { anAgent, anAttempt, anOfferedItem, aTask, aWaitingItem } from "./testing/builders.ts";
import { openNodeSql } from "./testing/node-sql.ts";
import { Random } from "./testing/random.ts";
import type { WorkItem } from "./types.ts";

const STORES = [
  ["memory", createMemoryStore],
  ["SQLite", () => createSqliteStore(openNodeSql())],
] as const;

const ids = (items: WorkItem[]) => items.map((item) => item.taskId);
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
    const at = (taskId: string, seq: number) => ({ ...aTask({ taskId }), seq, dueAt: 0, attempt: anAttempt({ id: `attempt-${seq}` }) });
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

  test("counts waiting tasks by line, by user and in all, through every change of state", () => {
    const store = open();
    store.putItem(aWaitingItem({ taskId: "small", seq: 1, pixels: 64 }));
    store.putItem(aWaitingItem({ taskId: "large", seq: 2 }));
    store.putItem(aWaitingItem({ taskId: "large-too", seq: 3, userId: 1002 }));
    const line = { type: "TEXT2IMG", model: "scene" } as const;
    expect(byLine(store)).toEqual([
      { ...line, pixels: 1024 * 1024, tasks: 2 },
      { ...line, pixels: 64, tasks: 1 },
    ]);
    expect([store.countWaiting(), store.countWaitingOfUser(1001), store.countWaitingOfUser(1002)]).toEqual([3, 2, 1]);

    store.putItem(anOfferedItem({ taskId: "large", seq: 2 }));
    store.deleteItem("small");
    expect(byLine(store)).toEqual([{ ...line, pixels: 1024 * 1024, tasks: 1 }]);
    expect([store.countWaiting(), store.countWaitingOfUser(1001), store.countWaitingOfUser(1002)]).toEqual([1, 0, 1]);

    store.putItem(aWaitingItem({ taskId: "large", seq: 2 }));
    expect(store.countWaiting()).toBe(2);
  });

  test("serves a line in order of arrival, also one that came back to it", () => {
    const store = open();
    for (const seq of [3, 1, 2]) store.putItem(aWaitingItem({ taskId: `task-${seq}`, seq }));
    store.putItem(anOfferedItem({ taskId: "task-1", seq: 1 }));
    expect(store.firstWaiting(aTask())?.taskId).toBe("task-2");
    store.putItem(aWaitingItem({ taskId: "task-1", seq: 1 }));
    expect(store.firstWaiting(aTask())?.taskId).toBe("task-1");
    expect(store.firstWaiting(aTask({ model: "other" }))).toBeNull();
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
  const stores = STORES.map(([, open]) => open());
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
        restsUntil: random.chance(0.5) ? now : null,
      });
      for (const store of stores) store.putAgent(agent);
    } else {
      // A task's requirement and arrival are its own for life.
      const common = { ...aTask({ taskId, userId: 1000 + (task % 3), pixels: 64 * ((task % 4) + 1) }), seq: task, dueAt: now };
      const attempt = anAttempt({ id: `attempt-${++attempts}`, agentId: `agent-${random.below(4)}` });
      const item = random.pick<WorkItem>([
        { ...common, state: "waiting" },
        { ...common, state: "offered", attempt },
        { ...common, state: "stopping", attempt },
        { ...common, state: "ending", attempt: random.chance(0.5) ? attempt : null },
      ]);
      for (const store of stores) store.putItem(item);
    }
    const [memory, sqlite] = stores.map((store) => ({
      item: store.getItem(taskId),
      attempt: store.findByAttempt(`attempt-${attempts}`),
      atAgents: [0, 1, 2, 3].map((n) => ids(store.itemsOfAgent(`agent-${n}`))),
      lines: byLine(store),
      heads: [1, 2, 3, 4].map((n) => store.firstWaiting(aTask({ pixels: 64 * n }))?.taskId),
      waiting: [store.countWaiting(), ...[1000, 1001, 1002].map((userId) => store.countWaitingOfUser(userId))],
      due: ids(store.dueItems(now, 5)),
      next: store.earliestDue(),
      agents: store.listAgents(),
      rested: store.restedAgents(now),
    }));
    expect(sqlite, `after call ${call}`).toEqual(memory);
  }
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
      store.firstWaiting(aTask());
      store.waitingLines();
      store.countWaiting();
      store.countWaitingOfUser(1001);
      store.dueItems(1, 10);
      store.restedAgents(1);
      store.earliestDue();
      store.putItem(anOfferedItem());
      store.deleteItem("task-1");
    });
    expect(plans.filter((step) => /SCAN (items|waiting_of_user|agents)/.test(step))).toEqual([]);
    expect(plans).toContain("SEARCH items USING INDEX items_waiting (line=?)");
    expect(plans).toContain("SEARCH items USING INDEX items_due (due_at<?)");
    // What one agent has and the agents at rest are sorted after they were read: a handful.
    expect(plans.filter((step) => /TEMP B-TREE/.test(step))).toHaveLength(2);
  });
});
