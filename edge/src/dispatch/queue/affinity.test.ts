import { beforeEach, expect, test } from "vitest";
import { learnLoad, learnSpeed, loadMsOf } from "./speeds.ts";
import { aCompletion, aModel, aTask } from "../testing/builders.ts";
import { offersIn, Shard } from "../testing/shard.ts";

const LOAD_MS = 20_000;
const models = [aModel({ name: "red" }), aModel({ name: "blue" })];

let shard: Shard;

beforeEach(() => {
  shard = new Shard();
  learnLoad(shard.store, "red", LOAD_MS);
  learnLoad(shard.store, "blue", LOAD_MS);
  for (const model of ["red", "blue"]) learnSpeed(shard.store, aTask({ model }), 10_000);
});

const submit = (taskId: string, model: string, userId = 1001) => shard.submit(aTask({ taskId, model, userId, createTime: shard.now }));

/** An agent that has that model loaded. */
const connectWith = (agentId: string, model: string) => {
  shard.connect(agentId, { models });
  return shard.say(agentId, { type: "status", status: { residentModels: [model] } });
};

/** The agent takes what it is offered; @returns the attempt */
function accept(agentId: string): string {
  const [item] = shard.store.itemsOfAgent(agentId);
  if (item?.state !== "offered") throw new Error(`nothing is offered to ${agentId}`);
  shard.accept(agentId, item.attempt.id);
  return item.attempt.id;
}

function finish(agentId: string, attemptId: string): string[] {
  shard.now += 10_000;
  return [...offersIn(shard.say(agentId, aCompletion(attemptId))), ...offersIn(shard.say(agentId, { type: "ready", freeSlots: 1 }))];
}

test("a task goes to an agent that has its model, though another has more room", () => {
  shard.connect("large", { slots: 4, models });
  connectWith("warm", "red");
  expect(offersIn(submit("task", "red"))).toEqual(["task@warm"]);
});

test("an agent takes the next task of its model before an older one of another, but not for longer than two loads", () => {
  connectWith("a", "red");
  submit("red-1", "red");
  let attempt = accept("a");
  submit("blue-1", "blue");
  for (let n = 2; n <= 9; n++) submit(`red-${n}`, "red");
  const served: string[] = [];
  for (let n = 0; n < 7; n++) {
    served.push(...finish("a", attempt));
    attempt = accept("a");
  }
  // Passed over at 10 s for the first time, and for the last at 40 s.
  expect(served).toEqual(["red-2@a", "red-3@a", "red-4@a", "red-5@a", "blue-1@a", "red-6@a", "red-7@a"]);
});

test("a task waits for no agent that has its model, does nothing and asks for nothing, unless it has just ended one", () => {
  connectWith("warm", "red");
  submit("red-1", "red");
  const attempt = accept("warm");
  shard.connect("cold", { models });
  shard.say("warm", aCompletion(attempt));
  expect(offersIn(submit("red-2", "red"))).toEqual([]);
  expect(offersIn(shard.say("warm", { type: "ready", freeSlots: 1 }))).toEqual(["red-2@warm"]);
  shard.say("warm", aCompletion(accept("warm")));
  shard.tick(5_000, ["warm", "cold"]);
  expect(offersIn(submit("red-3", "red"))).toEqual(["red-3@cold"]);
});

test("a task waits for a busy agent that has its model, if that will be free before another has loaded it", () => {
  connectWith("busy", "red");
  submit("red-1", "red");
  const attempt = accept("busy");
  connectWith("idle", "blue");
  expect(submit("red-2", "red")).toEqual([]);
  expect(finish("busy", attempt)).toEqual(["red-2@busy"]);
});

test("a task behind one that was waited for waits two loads itself, beside an agent with room, and no longer", () => {
  connectWith("busy", "red");
  submit("red-1", "red");
  const attempt = accept("busy");
  connectWith("idle", "blue");
  shard.now += 5_000;
  expect([...submit("red-2", "red"), ...submit("red-3", "red")]).toEqual([]);
  expect(finish("busy", attempt)).toEqual(["red-2@busy"]);
  accept("busy");
  expect(offersIn(shard.tick(2 * LOAD_MS - 1, ["busy", "idle"]))).toEqual([]);
  expect(offersIn(shard.tick(1, ["busy", "idle"]))).toEqual(["red-3@idle"]);
});

test("a task that waited for two loads takes any agent", () => {
  connectWith("busy", "red");
  submit("red-1", "red");
  accept("busy");
  connectWith("idle", "blue");
  submit("red-2", "red");
  expect(shard.store.earliestDue()).toBeLessThanOrEqual(shard.now + 2 * LOAD_MS);
  expect(offersIn(shard.tick(2 * LOAD_MS - 1, ["busy", "idle"]))).toEqual([]);
  expect(offersIn(shard.tick(1, ["busy", "idle"]))).toEqual(["red-2@idle"]);
});

test("a task that waits for its model takes any agent after two loads also when an agent of another size divides its line", () => {
  connectWith("busy", "red");
  submit("red-1", "red");
  accept("busy");
  connectWith("idle", "blue");
  submit("red-2", "red");
  shard.hello("other", { models: [aModel({ name: "blue", maxPixels: 2 * aTask().pixels })] });
  expect(offersIn(shard.tick(2 * LOAD_MS, ["busy", "idle"]))).toEqual(["red-2@idle"]);
});

test("a task does not wait for an agent that will be busy for longer than a load", () => {
  connectWith("busy", "red");
  shard.submit(aTask({ taskId: "long", model: "red", work: 100 * aTask().work, createTime: shard.now }));
  accept("busy");
  connectWith("idle", "blue");
  expect(offersIn(submit("red-2", "red"))).toEqual(["red-2@idle"]);
});

test("a user is not put off for another one's model beyond four loads' worth of work", () => {
  connectWith("a", "red");
  submit("red-0", "red", 1001);
  let attempt = accept("a");
  const line = shard.store.lineOf(aTask({ model: "blue" }));
  // The other model's line is served elsewhere now and then, so that its patience never ends.
  for (let n = 1; n <= 30; n++) submit(`red-${n}`, "red", 1001);
  submit("blue-1", "blue", 1002);
  let before = 0;
  while (shard.state("blue-1") === "waiting") {
    shard.store.holds.end(line);
    finish("a", attempt);
    attempt = accept("a");
    before++;
  }
  expect(before).toBeGreaterThan(3);
  expect(before).toBeLessThanOrEqual(1 + (4 * LOAD_MS) / 10_000);
});

test("how long a model takes to load is learned from an agent that did not have it, and is no part of a task's time", () => {
  const fresh = new Shard();
  fresh.connect("a");
  const run = (taskId: string, attemptId: string, loadMs: number) => {
    fresh.submit(aTask({ taskId, createTime: fresh.now }));
    fresh.accept("a", attemptId);
    fresh.say("a", { type: "progress", attemptId, phase: "loading", step: 0, totalSteps: 0 });
    fresh.now += loadMs;
    fresh.say("a", { type: "progress", attemptId, phase: "sampling", step: 1, totalSteps: 30 });
    fresh.now += 6_000;
    fresh.say("a", aCompletion(attemptId));
    fresh.say("a", { type: "ready", freeSlots: 1 });
  };
  run("cold", "attempt-1", 45_000);
  expect(loadMsOf(fresh.store, "scene")).toBe(45_000);
  expect(fresh.admit(aTask({ taskId: "next" }))).toMatchObject({ estimatedSeconds: 6 });
  run("warm", "attempt-2", 500);
  expect(loadMsOf(fresh.store, "scene")).toBe(45_000);
});
