import { beforeEach, describe, expect, test, vi } from "vitest";
import { aRow, Books, CANCELLED } from "../../billing/testing/books.ts";
import { LeftTasks } from "../queue/left-tasks.ts";
import { createMemoryStore } from "../queue/memory-store.ts";
import { type Destinations, moveTasks, type MoveTasksDeps } from "./move-tasks.ts";
import type { Shard } from "../shards/pools.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { Effect } from "../queue/types.ts";
import { takeUp } from "./sweep.ts";
import { onTaskSubmitted } from "../queue/task-events.ts";
import { aModel, anAgent, anAttempt, anOfferedItem } from "../testing/builders.ts";
import { dutiesIn, offersIn, Shard as SimulatedShard } from "../testing/shard.ts";

const HERE: Shard = { pool: "public", shard: 0 };
const THERE: Shard = { pool: "public", shard: 1 };
const NOW = 1_000;
const PARAMETERS = {
  prompt: "a cat",
  negativePrompt: "",
  modelName: "scene",
  width: 64,
  height: 64,
  steps: 1,
  cfgScale: 7,
  seed: 1,
  sampler: "euler",
  scheduler: "normal",
  denoise: 1,
  batchSize: 1,
};

let books: Books;
let store: DispatchStore;
let handedOver: [string, number][];
let effects: Effect[];
let deps: MoveTasksDeps & Parameters<typeof takeUp>[0];

const capable: Destinations = {
  targets: [{ ...THERE, waiting: 0, offers: [{ agent: anAgent({ models: [aModel()] }), slots: 1 }] }],
  isClosed: false,
};
const clock = () => new SimulatedShard().clock;
const rowOf = (taskId = "task-1") => books.all(`SELECT pool, shard, status FROM tasks WHERE id = '${taskId}'`)[0];
const sweep = () => takeUp(deps, HERE, NOW);

/** A task that D1 and this shard's list know, waiting. */
async function aWaitingTask(id = "task-1") {
  await books.ledger.openTask(aRow({ id, model: "scene", parameters: PARAMETERS, cost: 1 }));
  await sweep();
}

beforeEach(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
  books = new Books();
  await books.addUser(100);
  store = createMemoryStore();
  handedOver = [];
  effects = [];
  deps = {
    store,
    history: books.history,
    left: new LeftTasks(),
    apply: (more) => void effects.push(...more),
    clock,
    hasDuties: () => false,
    enqueueAt: async ({ shard }, { taskId }) => void handedOver.push([taskId, shard]),
  };
});

describe("a waiting task", () => {
  test("that nobody here can run goes to a shard with somebody who can", async () => {
    await aWaitingTask();
    expect(await moveTasks(deps, HERE, capable, NOW)).toBe(1);
    expect(rowOf()).toEqual({ pool: "public", shard: 1, status: "PENDING" });
    expect(store.getItem("task-1")).toBeNull();
    expect(handedOver).toEqual([["task-1", 1]]);
  });

  test("stays with an agent that can run it, though it was gone a moment ago", async () => {
    store.putAgent(anAgent({ models: [aModel()], isConnected: false, lastSeenAt: NOW }));
    await aWaitingTask();
    expect(await moveTasks(deps, HERE, capable, NOW)).toBe(0);
    expect(rowOf()).toMatchObject({ shard: 0 });
  });

  test("stays where it is when nobody elsewhere can run it either, unless its shard is closed", async () => {
    await aWaitingTask();
    const nobody = { targets: [{ ...THERE, waiting: 0, offers: [] }] };
    expect(await moveTasks(deps, HERE, { ...nobody, isClosed: false }, NOW)).toBe(0);
    expect(await moveTasks(deps, HERE, { ...nobody, isClosed: true }, NOW)).toBe(1);
    expect(rowOf()).toMatchObject({ shard: 1 });
  });

  test("does not come back by what was read or sent before it left", async () => {
    await aWaitingTask();
    const before = await books.history.findLive(HERE, NOW, { createTime: 0, taskId: "" }, 10);
    await moveTasks(deps, HERE, capable, NOW);
    await takeUp({ ...deps, history: { ...books.history, findLive: async () => before } }, HERE, NOW);
    expect(store.getItem("task-1")).toBeNull();
  });

  test("is found by the other shard's sweep when it could not be handed over", async () => {
    await aWaitingTask();
    const failing = { ...deps, enqueueAt: () => Promise.reject(new Error("away")) };
    expect(await moveTasks(failing, HERE, capable, NOW)).toBe(1);
    const there = createMemoryStore();
    const apply: typeof deps.apply = () => {};
    await takeUp({ ...deps, store: there, left: new LeftTasks(), apply }, THERE, NOW);
    expect(there.getItem("task-1")).toMatchObject({ state: "waiting" });
  });

  test("keeps its place when D1 refused to move it, and others are moved all the same", async () => {
    await aWaitingTask();
    await aWaitingTask("task-2");
    const before = store.getItem("task-1");
    const moveTask: typeof books.history.moveTask = (id, from, to) =>
      id === "task-1" ? Promise.reject(new Error("connection lost")) : books.history.moveTask(id, from, to);
    expect(await moveTasks({ ...deps, history: { ...books.history, moveTask } }, HERE, capable, NOW)).toBe(1);
    expect([store.getItem("task-1"), store.getItem("task-2")]).toEqual([before, null]);
    expect(deps.left.has("task-1", Date.now())).toBe(false);
  });

  test("that stays after all goes to an agent that came meanwhile", async () => {
    await aWaitingTask();
    const moveTask = async (): Promise<never> => {
      store.putAgent(anAgent());
      throw new Error("connection lost");
    };
    await moveTasks({ ...deps, history: { ...books.history, moveTask } }, HERE, capable, NOW);
    expect(offersIn(effects)).toEqual(["task-1@agent-a"]);
  });

  test("is handed over when it was moved and only the answer was lost", async () => {
    await aWaitingTask();
    const moveTask: typeof books.history.moveTask = async (id, from, to) => {
      await books.history.moveTask(id, from, to);
      throw new Error("connection lost");
    };
    expect(await moveTasks({ ...deps, history: { ...books.history, moveTask } }, HERE, capable, NOW)).toBe(1);
    expect(store.getItem("task-1")).toBeNull();
    expect(handedOver).toEqual([["task-1", 1]]);
  });

  test("is taken up by the next sweep when D1 could not be asked at all", async () => {
    await aWaitingTask();
    const away = () => Promise.reject(new Error("D1 is down"));
    expect(await moveTasks({ ...deps, history: { ...books.history, moveTask: away, findTask: away } }, HERE, capable, NOW)).toBe(0);
    expect(rowOf()).toMatchObject({ shard: 0 });
    await sweep();
    expect(store.getItem("task-1")).toMatchObject({ state: "waiting" });
  });
});

describe("a task that does not move", () => {
  /** What it does with what D1 said a moment ago. */
  const behind = async () => {
    const { tasks } = await books.history.findLive(HERE, NOW, { createTime: 0, taskId: "" }, 10);
    return { ...deps, history: { ...books.history, findLive: async () => ({ tasks, unreadable: [], next: null }) } };
  };

  test("is one that an agent has or is offered", async () => {
    await aWaitingTask();
    store.putItem(anOfferedItem({ taskId: "task-1" }));
    expect(await moveTasks(deps, HERE, capable, NOW)).toBe(0);
    expect(store.getItem("task-1")).toMatchObject({ state: "offered" });
  });

  test("is one that has started, been cancelled or moved by the time that D1 is asked", async () => {
    await aWaitingTask();
    const late = await behind();
    await books.history.recordStart("task-1", anAttempt(), 2);
    expect(await moveTasks(late, HERE, capable, NOW)).toBe(0);
    await books.ledger.settleTask("task-1", null, CANCELLED, 3);
    expect(await moveTasks(late, HERE, capable, NOW)).toBe(0);
    expect(rowOf()).toMatchObject({ shard: 0, status: "CANCELLED" });
    expect(handedOver).toEqual([]);
  });

  test("is one that was cancelled without a word, and its user is told", async () => {
    await aWaitingTask();
    const late = await behind();
    await books.ledger.settleTask("task-1", null, CANCELLED, 3);
    expect(await moveTasks(late, HERE, capable, NOW)).toBe(0);
    expect(store.getItem("task-1")).toBeNull();
    expect(dutiesIn(effects)).toMatchObject([{ kind: "cancelled", taskId: "task-1", attempt: null }]);
  });

  test("is moved once by two who want it elsewhere", async () => {
    await aWaitingTask();
    const late = await behind();
    expect(await books.history.moveTask("task-1", HERE, { pool: "public", shard: 2 })).toBe(true);
    expect(await moveTasks(late, HERE, capable, NOW)).toBe(0);
    expect(rowOf()).toMatchObject({ shard: 2 });
  });

  test("is one of which something is still on its way to D1", async () => {
    await aWaitingTask();
    expect(await moveTasks({ ...deps, hasDuties: () => true }, HERE, capable, NOW)).toBe(0);
    expect(store.getItem("task-1")).not.toBeNull();
  });
});

test("what is handed over comes onto the other list once, however often", async () => {
  await aWaitingTask();
  const { tasks } = await books.history.findLive(HERE, NOW, { createTime: 0, taskId: "" }, 10);
  const there = createMemoryStore();
  for (const { task } of [...tasks, ...tasks]) onTaskSubmitted(there, task, clock());
  expect(there.countWaiting()).toBe(1);
});
