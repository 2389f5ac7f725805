import { DEFAULTS } from "@star-graph/shared/defaults";
import { beforeEach, describe, expect, test } from "vitest";
import { aModel, aTask } from "../testing/builders.ts";
import { offersIn, Shard } from "../testing/shard.ts";

const QUEUE_FULL = { admitted: false, reason: "QUEUE_FULL" };
const NO_GPU = { admitted: false, reason: "NO_GPU" };
/** 10.06 s of work, until something else was measured. */
const task = (taskId: string, over: Parameters<typeof aTask>[0] = {}) => aTask({ taskId, createTime: shard.now, ...over });

let shard: Shard;

beforeEach(() => {
  shard = new Shard();
});

/** A task that runs on that agent from now on. */
function run(taskId: string, agentId: string): void {
  const [offer] = offersIn(shard.submit(task(taskId)));
  expect(offer).toBe(`${taskId}@${agentId}`);
  const item = shard.store.getItem(taskId);
  if (item?.state === "offered") shard.accept(agentId, item.attempt.id);
}

describe("admission", () => {
  test("promises an immediate start when a slot is open and nobody waits", () => {
    shard.connect("a");
    expect(shard.admit(task("new"))).toMatchObject({ admitted: true, queuePosition: 0, estimatedSeconds: 11 });
  });

  test("is refused with E007 when no agent can run it, or none has been seen for a minute", () => {
    expect(shard.admit(task("new"))).toEqual(NO_GPU);
    shard.connect("other", { models: [aModel({ name: "other" })] });
    shard.connect("small", { models: [aModel({ maxPixels: aTask().pixels - 1 })] });
    expect(shard.admit(task("new"))).toEqual(NO_GPU);
    shard.connect("a");
    shard.gone("a");
    shard.now += DEFAULTS.agentSeenMs;
    expect(shard.admit(task("new"))).toMatchObject({ admitted: true });
    shard.now += 1;
    expect(shard.admit(task("new"))).toEqual(NO_GPU);
  });

  test("is refused with E007 and what is missing when every GPU for it is too small", () => {
    const [small, large] = [8, 12].map((gigabytes) => [aModel({ memoryBytes: gigabytes * 2 ** 30 })]);
    shard.connect("small", { models: small! });
    const needing = (gigabytes: number) => task("new", { memoryBytes: gigabytes * 2 ** 30 });
    expect(shard.admit(needing(8))).toMatchObject({ admitted: true });
    expect(shard.admit(needing(12))).toEqual({ ...NO_GPU, memory: { neededBytes: 12 * 2 ** 30, largestBytes: 8 * 2 ** 30 } });
    shard.connect("large", { models: large! });
    expect(shard.admit(needing(12))).toMatchObject({ admitted: true });
    expect(shard.admit({ ...needing(24), model: "other" })).toEqual(NO_GPU);
  });

  test("is refused with E003 when the queue is full, for all or for the user", () => {
    shard = new Shard({ waiting: 5, waitingPerUser: 3 });
    shard.connect("a", { slots: 1 });
    run("running", "a");
    for (const taskId of ["mine-1", "mine-2", "mine-3"]) shard.submit(task(taskId));
    expect(shard.admit(task("mine-4"))).toEqual(QUEUE_FULL);
    const theirs = (taskId: string) => task(taskId, { userId: 1002 });
    expect(shard.admit(theirs("theirs-1"))).toMatchObject({ admitted: true });
    shard.submit(theirs("theirs-1"));
    shard.submit(theirs("theirs-2"));
    expect(shard.admit(task("last", { userId: 1003 }))).toEqual(QUEUE_FULL);
  });

  test("counts what was admitted and has not arrived, for ten seconds at most", () => {
    shard = new Shard({ waitingPerUser: 2 });
    shard.connect("a");
    run("running", "a");
    expect(shard.admit(task("first"))).toMatchObject({ admitted: true, queuePosition: 1 });
    expect(shard.admit(task("second"))).toMatchObject({ admitted: true, queuePosition: 2 });
    expect(shard.admit(task("third"))).toEqual(QUEUE_FULL);
    // It arrives, and counts once.
    shard.submit(task("first"));
    expect(shard.admit(task("third"))).toEqual(QUEUE_FULL);
    shard.now += 9_999;
    expect(shard.admit(task("third"))).toEqual(QUEUE_FULL);
    // The second never came.
    shard.now += 1;
    expect(shard.admit(task("third"))).toMatchObject({ admitted: true });
  });

  test("does not count a user's running, ending and cancelled tasks against their place in the queue", () => {
    shard = new Shard({ waitingPerUser: 100 });
    shard.connect("a", { slots: 64 });
    for (let n = 1; n <= 64; n++) shard.submit(task(`first-${n}`));
    for (let n = 1; n <= 99; n++) shard.submit(task(`then-${n}`));
    for (let n = 1; n <= 30; n++) shard.cancel(`first-${n}`);
    expect(shard.admit(task("new"))).toMatchObject({ admitted: true });
  });
});

describe("an estimate", () => {
  test("counts only what the agents able to run it may serve before it", () => {
    shard.connect("a");
    shard.connect("b", { models: [aModel({ name: "other" })] });
    run("running", "a");
    shard.submit(task("before"));
    for (let n = 0; n < 9; n++) shard.submit(task(`elsewhere-${n}`, { model: "other" }));
    // What is left of the one that runs, the one before it, and itself.
    expect(shard.admit(task("new"))).toMatchObject({ queuePosition: 2, estimatedSeconds: 31 });
  });

  test("takes off what the running tasks have done already", () => {
    shard.connect("a");
    run("running", "a");
    shard.now += 8_000;
    expect(shard.admit(task("new"))).toMatchObject({ queuePosition: 1, estimatedSeconds: 13 });
  });

  test("sees a newcomer before the many tasks of one other user, and says how wrong that may be", () => {
    shard.connect("a");
    run("running", "a");
    for (let n = 0; n < 90; n++) shard.submit(task(`many-${n}`));
    const admission = shard.admit(task("new", { userId: 1002 }));
    expect(admission).toMatchObject({ queuePosition: 1, estimatedSeconds: 21 });
    const range = admission.admitted ? admission.estimatedRange : null;
    expect(range?.low).toBeLessThanOrEqual(21);
    expect(range?.high).toBeGreaterThan(900);
    // And the many-tasked user behind the own ones.
    expect(shard.admit(task("one-more"))).toMatchObject({ queuePosition: 91 });
  });

  test("counts all slots of all agents that are able", () => {
    for (const agentId of ["a", "b", "c", "d"]) {
      shard.connect(agentId);
      run(`running-${agentId}`, agentId);
    }
    for (let n = 0; n < 8; n++) shard.submit(task(`task-${n}`));
    expect(shard.admit(task("new"))).toMatchObject({ queuePosition: 9, estimatedSeconds: 41 });
  });
});
