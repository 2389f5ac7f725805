import { DEFAULTS } from "@star-graph/shared/defaults";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { aRow, Books, CANCELLED, completed } from "../../billing/testing/books.ts";
import { LeftTasks } from "../queue/left-tasks.ts";
import type { Shard as Place } from "../shards/pools.ts";
import { stopEnded, type SweepDeps, takeUp } from "./sweep.ts";
import { aModel, anAttempt, aTask } from "../testing/builders.ts";
import { dutiesIn, Shard } from "../testing/shard.ts";
import type { Effect } from "../queue/types.ts";

const HERE: Place = { pool: "public", shard: 0 };
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
let shard: Shard;
let effects: Effect[];
let deps: SweepDeps;

/** The cron trigger's visit, as often as it may come. */
async function sweep(createdBefore = shard.now): Promise<void> {
  for (let n = 0; n < 2; n++) {
    await takeUp(deps, HERE, createdBefore);
    await stopEnded(deps);
  }
}
const duties = () => dutiesIn(effects).map(({ kind }) => kind);
const open = (id = "task-1", over = {}) =>
  books.ledger.openTask(aRow({ id, model: "scene", parameters: PARAMETERS, cost: 1, createTime: shard.now - 10, ...over }));
const status = (id = "task-1") => books.status(id);

beforeEach(async () => {
  books = new Books();
  await books.addUser(100);
  shard = new Shard();
  effects = [];
  deps = {
    store: shard.store,
    history: books.history,
    left: new LeftTasks(),
    apply: (more) => void effects.push(...more),
    clock: () => shard.clock,
    hasDuties: (taskId) => dutiesIn(effects).some((duty) => duty.taskId === taskId),
  };
});

describe("the sweep, come twice,", () => {
  test("ends a task that nobody can read, once, waiting or running, and takes the others up", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await open("task-1", { parameters: { width: "wide" } });
    await open("task-2", { parameters: { width: "wide" } });
    await books.history.recordStart("task-2", anAttempt(), shard.now);
    await open("task-3");
    await open("task-4");
    books.sqlite.exec("UPDATE tasks SET parameters = '{no JSON' WHERE id = 'task-4'");
    await sweep();
    expect(dutiesIn(effects)).toMatchObject([
      { kind: "failed", taskId: "task-1", attempt: null, error: "INTERNAL" },
      { kind: "failed", taskId: "task-2", attempt: null, error: "INTERNAL" },
      { kind: "failed", taskId: "task-4", attempt: null, error: "INTERNAL" },
    ]);
    expect(shard.state("task-3")).toBe("waiting");
    expect(await books.history.findTask("task-4")).toMatchObject({ id: "task-4", parameters: null });
  });

  test("takes a waiting task up that no Dispatcher was told of, once", async () => {
    await open();
    await sweep();
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "waiting" });
    expect(shard.store.countWaiting()).toBe(1);
    expect(effects).toEqual([]);
  });

  test("offers it at once where an agent has room", async () => {
    shard.connect("a");
    await open();
    await sweep();
    expect(effects).toMatchObject([{ kind: "offer", item: { taskId: "task-1" } }]);
  });

  test("learns that a user has become a VIP, or is none any more, while tasks wait", async () => {
    await open();
    await sweep();
    expect(shard.store.vips.of(1001)).toBeNull();
    books.sqlite.exec("UPDATE users SET vip_level = 2, vip_expire_time = 5 WHERE id = 1001");
    await sweep();
    expect(shard.store.vips.of(1001)).toEqual({ level: 2, until: 5 });
    books.sqlite.exec("UPDATE users SET vip_level = 0 WHERE id = 1001");
    await sweep();
    expect(shard.store.vips.of(1001)).toBeNull();
    expect(effects).toEqual([]);
  });

  test("learns what the task's model needs of memory now, and offers it to whom it then fits", async () => {
    shard.connect("small", { models: [aModel({ memoryBytes: 8 })] });
    const needs = (bytes: number) =>
      books.sqlite.exec(`INSERT INTO models (name, types, price_credits, memory_bytes) VALUES ('scene', '["TEXT2IMG"]', 1, ${bytes})
        ON CONFLICT DO UPDATE SET memory_bytes = excluded.memory_bytes`);
    needs(24);
    await open();
    await sweep();
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "waiting", memoryBytes: 24 });
    needs(8);
    await sweep();
    expect(effects).toMatchObject([{ kind: "offer", item: { taskId: "task-1", memoryBytes: 8 } }]);
    expect(shard.store.countWaiting()).toBe(0);
  });

  test("leaves tasks to their Workers that may be handing them over", async () => {
    await open("task-1", { createTime: shard.now });
    await sweep();
    expect(shard.store.getItem("task-1")).toBeNull();
  });

  test("leaves tasks of other pools and shards alone", async () => {
    await open("task-1", { pool: "owner-1001" });
    await open("task-2", { shard: 1 });
    await sweep();
    expect(shard.store.countWaiting()).toBe(0);
  });

  test("gives a lease that nobody holds to the agent that D1 names, and the task to others when it does not come", async () => {
    await open();
    await books.history.recordStart("task-1", anAttempt({ agentId: "a" }), shard.now);
    await sweep();
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "running", attempt: { id: "attempt-1", agentId: "a" } });
    expect(effects).toEqual([]);
    shard.tick(DEFAULTS.leaseMs);
    const lost = dutiesIn(shard.tick(DEFAULTS.graceMs));
    expect(lost).toMatchObject([{ kind: "lost", taskId: "task-1", outcome: "LOST" }]);
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "waiting", failures: 1 });
  });

  test("takes such an attempt from an agent that is here and does not have it", async () => {
    shard.connect("a", { slots: 1 });
    await open();
    await books.history.recordStart("task-1", anAttempt({ agentId: "a" }), shard.now);
    await sweep();
    expect(duties()).toEqual(["lost"]);
  });

  test("stops what runs here though D1 has ended it, and tells its user once", async () => {
    shard.connect("a");
    await open();
    await sweep();
    shard.accept("a", "attempt-1");
    await books.history.recordStart("task-1", anAttempt({ agentId: "a" }), shard.now);
    await books.ledger.settleTask("task-1", null, CANCELLED, shard.now);
    effects.length = 0;
    await sweep();
    expect(duties()).toEqual(["cancelled"]);
    expect(effects).toMatchObject([{ kind: "send", message: { type: "cancel", attemptId: "attempt-1" } }, { kind: "duty" }]);
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "stopping" });
  });

  test("takes off what waits here though D1 has ended it, and tells its user once", async () => {
    const first = Array.from({ length: 95 }, (_, n) => `first-${n}`);
    for (const id of [...first, "cancelled"]) await open(id);
    await sweep();
    await books.ledger.settleTask("cancelled", null, CANCELLED, shard.now);
    await takeUp(deps, HERE, shard.now);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "cancelled", taskId: "cancelled", attempt: null }]);
    expect([shard.state("cancelled"), shard.store.countWaiting()]).toEqual(["gone", first.length]);
    for (const id of first) await books.ledger.settleTask(id, null, CANCELLED, shard.now);
    // A shard with nothing left in D1 is not swept: its own alarm has to find the rest.
    await stopEnded(deps);
    await stopEnded(deps);
    expect([duties().length, shard.store.countWaiting()]).toEqual([96, 0]);
  });

  test("leaves a task on the list that D1 has not shown yet, or gives to another shard", async () => {
    await open("elsewhere", { shard: 1 });
    for (const taskId of ["elsewhere", "nowhere"]) shard.submit(aTask({ taskId, createTime: shard.now - 10 }));
    await sweep();
    expect([effects, shard.store.countWaiting()]).toEqual([[], 2]);
  });

  test("rebuilds a list that was lost: what waits waits, what runs runs, what has ended stays away", async () => {
    for (const id of ["waits", "runs", "done", "cancelled"]) await open(id);
    await books.history.recordStart("runs", anAttempt({ id: "run-1", agentId: "a" }), shard.now);
    await books.history.recordStart("done", anAttempt({ id: "run-2", agentId: "a" }), shard.now);
    await books.ledger.settleTask("done", "run-2", completed("run-2"), shard.now);
    await books.ledger.settleTask("cancelled", null, CANCELLED, shard.now);
    await sweep();
    expect(["waits", "runs", "done", "cancelled"].map((id) => shard.store.getItem(id)?.state)).toEqual([
      "waiting",
      "running",
      undefined,
      undefined,
    ]);
    expect(["done", "cancelled"].map(status)).toEqual(["COMPLETED", "CANCELLED"]);
  });

  test("goes on after a row that this version cannot read", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await open("broken", { parameters: { nonsense: true } });
    await open("sound");
    await sweep();
    expect(shard.store.getItem("sound")).toMatchObject({ state: "waiting" });
    expect(shard.store.getItem("broken")).toBeNull();
  });
});
