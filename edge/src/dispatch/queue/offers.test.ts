import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { aCompletion, aModel, aTask } from "../testing/builders.ts";
import { dutiesIn, offersIn, sentIn, Shard } from "../testing/shard.ts";
import { onOfferImpossible } from "./task-events.ts";

const tasks = (count: number) => Array.from({ length: count }, (_, index) => aTask({ taskId: `task-${index + 1}`, createTime: 1_000_000 }));

describe("a submitted task", () => {
  test("is offered at once to an agent with a free slot", () => {
    const shard = new Shard();
    shard.connect("a");
    expect(offersIn(shard.submit(aTask()))).toEqual(["task-1@a"]);
    expect(shard.state("task-1")).toBe("offered");
  });

  test("waits when nobody is there, and is offered to the first agent that is ready", () => {
    const shard = new Shard();
    expect(offersIn(shard.submit(aTask()))).toEqual([]);
    expect(offersIn(shard.hello("a"))).toEqual([]);
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual(["task-1@a"]);
  });

  test("is taken once, however often it is submitted and whatever became of it", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    expect(shard.submit(aTask())).toEqual([]);
    shard.accept("a", "attempt-1");
    expect(shard.submit(aTask())).toEqual([]);
    expect(shard.state("task-1")).toBe("running");
  });

  test("goes to the agent with most room, and to the longer known one of equals", () => {
    const shard = new Shard();
    shard.connect("small");
    shard.connect("large", { slots: 3 });
    shard.connect("as-large", { slots: 3 });
    const offers = tasks(7).flatMap((task) => offersIn(shard.submit(task)));
    expect(offers.map((offer) => offer.split("@")[1])).toEqual(["large", "as-large", "large", "as-large", "small", "large", "as-large"]);
  });

  test("goes only to an agent with its model, its type and room for its pixels", () => {
    const shard = new Shard();
    shard.connect("other-model", { models: [aModel({ name: "other" })] });
    shard.connect("other-type", { models: [aModel({ types: ["UPSCALE"] })] });
    shard.connect("too-small", { models: [aModel({ maxPixels: aTask().pixels - 1 })] });
    expect(offersIn(shard.submit(aTask()))).toEqual([]);
    expect(offersIn(shard.connect("right", { models: [aModel({ maxPixels: aTask().pixels })] }))).toEqual(["task-1@right"]);
  });
});

describe("a task whose model needs memory", () => {
  const GB = 2 ** 30;
  const needing = (gigabytes: number, taskId = "task-1") => aTask({ taskId, memoryBytes: gigabytes * GB });

  test("goes only to an agent whose GPU for that model has as much, or that does not say", () => {
    const shard = new Shard();
    shard.connect("small", { models: [aModel({ memoryBytes: 8 * GB }), aModel({ name: "other", memoryBytes: 24 * GB })] });
    expect(offersIn(shard.submit(needing(12)))).toEqual([]);
    expect(offersIn(shard.connect("large", { models: [aModel({ memoryBytes: 12 * GB })] }))).toEqual(["task-1@large"]);
    shard.submit(needing(80, "task-2"));
    expect(offersIn(shard.connect("silent", { models: [aModel()] }))).toEqual(["task-2@silent"]);
  });

  test("keeps its need through attempts, and does not stand in the way of those that need less", () => {
    const shard = new Shard();
    shard.connect("large", { models: [aModel({ memoryBytes: 24 * GB })] });
    shard.connect("small", { models: [aModel({ memoryBytes: 8 * GB })] });
    shard.submit(needing(24));
    shard.accept("large", "attempt-1");
    expect(offersIn(shard.say("large", { type: "bye", reason: "owner" }))).toEqual([]);
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "waiting", memoryBytes: 24 * GB });
    expect(offersIn(shard.submit(needing(8, "task-2")))).toEqual(["task-2@small"]);
  });
});

describe("an agent with free slots", () => {
  test("is offered what it can run in order of arrival, across the lines that it serves", () => {
    const shard = new Shard();
    const models = ["scene", "other", "scene", "foreign", "other"];
    for (const [index, model] of models.entries()) shard.submit(aTask({ taskId: `task-${index + 1}`, model }));
    const offers = offersIn(shard.connect("a", { slots: 9, models: [aModel(), aModel({ name: "other" })] }));
    expect(offers).toEqual(["task-1@a", "task-2@a", "task-3@a", "task-5@a"]);
  });

  test("is never given more than its slots, whatever it says is free", () => {
    const shard = new Shard();
    for (const task of tasks(9)) shard.submit(task);
    expect(offersIn(shard.hello("a", { slots: 2 }))).toEqual([]);
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 64 }))).toHaveLength(2);
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 64 }))).toEqual([]);
    shard.accept("a", "attempt-1");
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 64 }))).toEqual([]);
  });

  test("is given no more than it said, the offers under way included", () => {
    const shard = new Shard();
    for (const task of tasks(9)) shard.submit(task);
    shard.hello("a", { slots: 4 });
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 2 }))).toHaveLength(2);
    // Said before the offers reached it: it does not count them.
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 2 }))).toEqual([]);
    expect(offersIn(shard.accept("a", "attempt-1"))).toEqual([]);
  });

  test("is filled when an attempt ends, though it said before that the slot is free", () => {
    const shard = new Shard();
    shard.connect("a");
    for (const task of tasks(2)) shard.submit(task);
    shard.accept("a", "attempt-1");
    shard.say("a", { type: "ready", freeSlots: 0 });
    // The engine is done and the result on its way up.
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual([]);
    expect(offersIn(shard.say("a", aCompletion("attempt-1")))).toEqual(["task-2@a"]);
  });

  test("is given the next task while the result of the last one is on its way up, but not one more", () => {
    const shard = new Shard();
    shard.connect("a");
    for (const task of tasks(3)) shard.submit(task);
    shard.accept("a", "attempt-1");
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual([]);
    expect(offersIn(shard.say("a", { type: "progress", attemptId: "attempt-1", phase: "uploading", step: 0, totalSteps: 1 }))).toEqual([
      "task-2@a",
    ]);
    shard.accept("a", "attempt-2");
    shard.say("a", { type: "progress", attemptId: "attempt-2", phase: "uploading", step: 0, totalSteps: 1 });
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual([]);
    expect(offersIn(shard.say("a", aCompletion("attempt-1")))).toEqual(["task-3@a"]);
  });

  test("loses no slot to an offer whose task was cancelled before it was accepted", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    shard.cancel("task-1");
    expect(offersIn(shard.submit(aTask({ taskId: "task-2" })))).toEqual([]);
    expect(offersIn(shard.say("a", { type: "stopped", attemptId: "attempt-1" }))).toEqual(["task-2@a"]);
  });

  test("is offered the next task when the one on offer turned out to be gone", () => {
    const shard = new Shard();
    shard.connect("a");
    for (const task of tasks(2)) shard.submit(task);
    expect(offersIn(onOfferImpossible(shard.store, "task-1", "attempt-1", shard.clock))).toEqual(["task-2@a"]);
    expect(shard.state("task-1")).toBe("gone");
    expect(onOfferImpossible(shard.store, "task-2", "attempt-1", shard.clock)).toEqual([]);
    expect(shard.state("task-2")).toBe("offered");
  });
});

describe("an offer that is not taken", () => {
  test("goes to another agent when it is rejected, as no attempt of the task", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.connect("b");
    shard.submit(aTask());
    const effects = shard.say("a", { type: "rejected", attemptId: "attempt-1", reason: "busy" });
    expect(offersIn(effects)).toEqual(["task-1@b"]);
    expect(dutiesIn(effects)).toEqual([]);
    shard.accept("b", "attempt-2");
    expect(shard.store.getItem("task-1")).toMatchObject({ failures: 0, attemptNumber: 1 });
  });

  test("is withdrawn after three seconds, and the agent told to forget it", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.connect("b");
    shard.submit(aTask());
    expect(shard.tick(DEFAULTS.offerMs - 1)).toEqual([]);
    const effects = shard.tick(1);
    expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
    expect(offersIn(effects)).toEqual(["task-1@b"]);
  });

  test("that is accepted too late is answered with a cancel and changes nothing", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    shard.tick(DEFAULTS.offerMs);
    expect(sentIn(shard.accept("a", "attempt-1"))).toEqual(["cancel attempt-1 → a"]);
    expect(shard.state("task-1")).toBe("waiting");
  });

  test("keeps its task's place in the line", () => {
    const shard = new Shard();
    shard.connect("a");
    for (const task of tasks(3)) shard.submit(task);
    shard.say("a", { type: "rejected", attemptId: "attempt-1", reason: "busy" });
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual(["task-1@a"]);
  });

  test("lets the agent rest until it says that it is ready", () => {
    const shard = new Shard();
    shard.connect("a");
    for (const task of tasks(2)) shard.submit(task);
    expect(offersIn(shard.say("a", { type: "rejected", attemptId: "attempt-1", reason: "busy" }))).toEqual([]);
    expect(offersIn(shard.submit(aTask({ taskId: "task-3" })))).toEqual([]);
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual(["task-1@a"]);
  });

  test("lets the agent rest no longer than five seconds, also when it has nothing new to say", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    shard.tick(DEFAULTS.offerMs);
    expect(shard.store.earliestDue()).toBe(shard.now + 5_000);
    expect(offersIn(shard.tick(4_999))).toEqual([]);
    expect(offersIn(shard.tick(1))).toEqual(["task-1@a"]);
  });
});
