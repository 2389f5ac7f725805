import { beforeEach, describe, expect, test } from "vitest";
import { onAgentCommand } from "./agent-intake.ts";
import { stateOf } from "../views/fleet-view.ts";
import { viewItem } from "../views/live-view.ts";
import { aCompletion, aFailure, aModel, aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";

const models = [aModel({ name: "red" }), aModel({ name: "blue" }), aModel({ name: "green" })];

let shard: Shard;
let tasks = 0;
/** Whose the next failing task is: another user's each time. */
let userOf = () => 1001 + tasks;

beforeEach(() => {
  shard = new Shard();
  userOf = () => 1001 + tasks;
  shard.connect("a", { models });
  // Somebody who could take them, and asks for nothing now.
  shard.hello("b", { models });
});

/** The agent is given a task and fails it, for good so that it does not come back. */
function fail(model: string, error: "INTERNAL" | "MODEL_LOAD_FAILED" = "INTERNAL", taskId = `task-${++tasks}`): void {
  shard.submit(aTask({ taskId, userId: userOf(), model, createTime: shard.now, failures: 2 }));
  const attemptId = accept();
  shard.say("a", aFailure(attemptId, { error, message: `no ${model} today` }));
  shard.store.deleteItem(taskId);
  shard.say("a", { type: "ready", freeSlots: 1 });
}

function succeed(model: string): void {
  shard.submit(aTask({ taskId: `task-${++tasks}`, model, createTime: shard.now }));
  shard.say("a", aCompletion(accept()));
  shard.say("a", { type: "ready", freeSlots: 1 });
}

function accept(): string {
  const item = shard.store.itemsOfAgent("a").find(({ state }) => state === "offered");
  if (item?.state !== "offered") throw new Error("nothing is offered");
  shard.accept("a", item.attempt.id);
  return item.attempt.id;
}

/** Whether a task of that model is offered to the agent. */
function isAsked(model: string): boolean {
  const taskId = `probe-${++tasks}`;
  shard.submit(aTask({ taskId, model, createTime: shard.now }));
  const isOffered = shard.state(taskId) === "offered";
  shard.cancel(taskId);
  if (isOffered) {
    const [item] = shard.store.itemsOfAgent("a");
    if (item?.state === "stopping") shard.say("a", { type: "stopped", attemptId: item.attempt.id });
  }
  return isOffered;
}

const standing = () => {
  const agent = shard.store.getAgent("a");
  if (!agent) throw new Error("unknown");
  return stateOf(shard.store, agent, shard.store.itemsOfAgent("a"));
};

describe("a model that an agent fails", () => {
  test("is not offered to it for a while: at once when it does not load, after three tasks otherwise", () => {
    fail("red", "MODEL_LOAD_FAILED");
    expect([isAsked("red"), isAsked("blue")]).toEqual([false, true]);
    succeed("blue");
    fail("green");
    fail("green");
    expect(isAsked("green")).toBe(true);
    fail("green");
    expect([isAsked("green"), isAsked("blue")]).toEqual([false, true]);
  });

  test("is tried again after half a minute, and rests twice as long when it fails again", () => {
    fail("red", "MODEL_LOAD_FAILED");
    shard.tick(30_000, ["a"]);
    expect(isAsked("red")).toBe(true);
    fail("red");
    shard.tick(59_999, ["a"]);
    expect(isAsked("red")).toBe(false);
    shard.tick(1, ["a"]);
    expect(isAsked("red")).toBe(true);
    succeed("red");
    fail("red");
    expect(isAsked("red")).toBe(true);
  });

  test("is why its tasks wait and why the agent is idle", () => {
    fail("red", "MODEL_LOAD_FAILED");
    shard.gone("b");
    shard.submit(aTask({ taskId: "waits", model: "red", createTime: shard.now }));
    const item = shard.store.getItem("waits");
    expect(item && viewItem(shard.store, item, undefined, shard.clock)).toMatchObject({ waitingFor: { code: "AGENTS_RESTING" } });
    expect(standing()).toEqual({ state: "idle", reason: "MODELS_RESTING", detail: "red: no red today" });
    expect(shard.tick(30_000, ["a"])).toMatchObject([{ kind: "offer", item: { taskId: "waits" } }]);
  });

  test("that nobody else has is tried a third time before it rests", () => {
    shard.gone("b");
    fail("red", "MODEL_LOAD_FAILED");
    fail("red", "MODEL_LOAD_FAILED");
    expect(isAsked("red")).toBe(true);
    fail("red", "MODEL_LOAD_FAILED");
    expect(isAsked("red")).toBe(false);
  });

  test("is not asked for by one task alone, however often that fails", () => {
    for (let n = 0; n < 5; n++) fail("red", "INTERNAL", "the-same");
    expect(isAsked("red")).toBe(true);
  });
});

test("a model is nobody else's to take while the others rest from it or are another owner's", () => {
  shard.gone("b");
  shard.hello("theirs", { models, ownerId: 7, ownTasks: "only" });
  shard.hello("resting", { models });
  const resting = shard.store.getAgent("resting");
  const red = { tasks: [], rests: 1, until: shard.now + 60_000, reason: "no" };
  if (resting) shard.store.putAgent({ ...resting, modelTrouble: { red } });
  fail("red", "MODEL_LOAD_FAILED");
  expect(isAsked("red")).toBe(true);
});

describe("one incident of an agent with many slots", () => {
  const SLOTS = 8;

  /** The agent has all its slots at work, each for another user. */
  function occupy(): string[] {
    shard.connect("a", { models, slots: SLOTS });
    for (let n = 1; n <= SLOTS; n++) shard.submit(aTask({ taskId: `many-${n}`, userId: 2000 + n, model: "red", createTime: shard.now }));
    const attempts = shard.store.itemsOfAgent("a").flatMap((item) => (item.state === "offered" ? item.attempt.id : []));
    for (const attempt of attempts) shard.accept("a", attempt);
    shard.now += 5_000;
    return attempts;
  }

  test("counts once when the agent is killed with all that it ran", () => {
    expect(occupy()).toHaveLength(SLOTS);
    shard.connect("a", { models, slots: SLOTS });
    expect(shard.store.getAgent("a")?.trouble).toMatchObject({ tasks: ["many-1"], rests: 0, until: null });
  });

  test("sends it to rest once when all that it ran fails", () => {
    for (const attempt of occupy()) shard.say("a", aFailure(attempt, { message: "out of memory" }));
    const { trouble, modelTrouble } = shard.store.getAgent("a") ?? {};
    expect([trouble?.rests, trouble?.until, modelTrouble?.["red"]?.rests]).toEqual([1, shard.now + 30_000, 1]);
  });
});

describe("one user's failing tasks", () => {
  const failAll = () => ["red", "red", "blue", "blue", "green", "green"].forEach((model) => fail(model));

  test("put no agent into quarantine for everybody", () => {
    userOf = () => 1001;
    failAll();
    expect([standing()?.state, isAsked("green")]).toEqual(["idle", true]);
  });

  test("do when one of them succeeds on another agent", () => {
    userOf = () => 1001;
    shard.submit(aTask({ taskId: "good", model: "red", createTime: shard.now }));
    shard.say("a", aFailure(accept()));
    shard.say("b", { type: "ready", freeSlots: 1 });
    const [item] = shard.store.itemsOfAgent("b");
    if (item?.state !== "offered") throw new Error("nothing is offered to b");
    shard.accept("b", item.attempt.id);
    shard.say("a", { type: "ready", freeSlots: 1 });
    for (const model of ["red", "blue", "green"]) fail(model);
    expect(standing().state).toBe("idle");
    shard.say("b", aCompletion(item.attempt.id));
    expect(standing()).toMatchObject({ state: "quarantined" });
  });
});

describe("an agent that fails everything", () => {
  test("is quarantined, says why, and is asked again later", () => {
    for (const model of ["red", "red", "blue", "green"]) fail(model);
    expect([isAsked("red"), isAsked("blue")]).toEqual([false, false]);
    expect(standing()).toMatchObject({ state: "quarantined", reason: "QUARANTINED", detail: "no green today" });
    shard.tick(30_000, ["a"]);
    expect(isAsked("blue")).toBe(true);
  });

  test("stays so through a restart, and is pardoned by its owner's or an administrator's word", () => {
    for (const model of ["red", "red", "blue", "green"]) fail(model);
    shard.gone("a");
    shard.connect("a", { models });
    expect(isAsked("red")).toBe(false);
    onAgentCommand(shard.store, "a", "resume", shard.clock);
    expect(isAsked("red")).toBe(true);
  });

  test("leaves its tasks to others", () => {
    shard.connect("b", { models });
    for (const model of ["red", "red", "blue", "green"]) {
      shard.say("b", { type: "ready", freeSlots: 0 });
      fail(model);
      shard.say("b", { type: "ready", freeSlots: 1 });
    }
    shard.submit(aTask({ taskId: "next", model: "red", createTime: shard.now }));
    expect(shard.store.itemsOfAgent("b").map(({ taskId }) => taskId)).toEqual(["next"]);
  });
});
