import { beforeEach, describe, expect, test } from "vitest";
import { onAgentCommand } from "./agent-intake.ts";
import { stateOf } from "../views/fleet-view.ts";
import { viewItem } from "../views/live-view.ts";
import { aCompletion, aFailure, aModel, anAgent, aTask } from "../testing/builders.ts";
import { offersIn, Shard } from "../testing/shard.ts";

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
function isAsked(model: string, userId = 1001): boolean {
  const taskId = `probe-${++tasks}`;
  shard.submit(aTask({ taskId, userId, model, createTime: shard.now }));
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
    fail("red");
    shard.tick(59_999, ["a"]);
    expect(isAsked("red")).toBe(false);
    shard.tick(1, ["a"]);
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
    expect(standing()).toEqual({
      state: "idle",
      reason: "MODELS_RESTING",
      detail: expect.stringMatching(/^red: no red today \(1 task of 1 user failed here/),
    });
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
  const red = { rests: 1, until: shard.now + 60_000, reason: "no" };
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
    expect(shard.store.getAgent("a")?.trouble).toMatchObject({ suspects: [{ taskId: "many-1" }], rests: 0, until: null });
  });

  test("sends it to rest once when all that it ran fails", () => {
    for (const attempt of occupy()) shard.say("a", aFailure(attempt, { message: "out of memory" }));
    const { trouble, modelTrouble } = shard.store.getAgent("a") ?? {};
    expect([trouble?.rests, trouble?.until, modelTrouble?.["red"]?.rests]).toEqual([1, shard.now + 30_000, 1]);
  });
});

describe("one user's failing tasks", () => {
  const MIXED = ["red", "red", "blue", "blue", "green", "green"];

  test("take an agent from the others only when six have failed with no success between, and for half a minute each time", () => {
    userOf = () => 1001;
    fail("green");
    succeed("green");
    for (const model of MIXED.slice(1)) fail(model);
    expect([standing().state, isAsked("green")]).toEqual(["idle", true]);
    fail("red");
    for (let rest = 1; rest <= 5; rest++) {
      expect(standing()).toMatchObject({ state: "quarantined", detail: expect.stringContaining("tasks of 1 user") });
      shard.tick(29_999, ["a"]);
      expect(standing().state).toBe("quarantined");
      shard.tick(1, ["a"]);
      fail("red", "INTERNAL", "the-last-one");
    }
  });

  test("take a model from the others when four of it have failed", () => {
    userOf = () => 1001;
    for (let n = 0; n < 3; n++) fail("red");
    expect(isAsked("red")).toBe(true);
    fail("red");
    expect([isAsked("red", 1001), isAsked("blue", 1001)]).toEqual([false, true]);
  });

  test("take no model from anybody else: the agent is tried with their tasks at once, arriving or waiting", () => {
    userOf = () => 1001;
    for (let n = 0; n < 4; n++) fail("red");
    shard.submit(aTask({ taskId: "bad", userId: 1001, model: "red", createTime: shard.now }));
    expect(shard.state("bad")).toBe("waiting");
    shard.submit(aTask({ taskId: "arrives", userId: 2002, model: "red", createTime: shard.now }));
    shard.submit(aTask({ taskId: "waits", userId: 2003, model: "red", createTime: shard.now }));
    expect([shard.state("arrives"), shard.state("waits")]).toEqual(["offered", "waiting"]);
    accept();
    shard.cancel("arrives");
    const [item] = shard.store.itemsOfAgent("a");
    if (item?.state === "stopping") shard.say("a", { type: "stopped", attemptId: item.attempt.id });
    shard.say("a", { type: "ready", freeSlots: 1 });
    expect([shard.state("bad"), shard.state("waits")]).toEqual(["waiting", "offered"]);
    shard.now += 1_000;
    shard.say("a", aFailure(accept()));
    expect(shard.store.getAgent("a")?.modelTrouble?.["red"]).toMatchObject({ rests: 2 });
    shard.submit(aTask({ taskId: "next", userId: 2004, model: "red", createTime: shard.now }));
    expect(shard.state("next")).toBe("waiting");
  });

  /** A task that fails on `a` and is then `b`'s. */
  function failThenMoveOn(taskId: string): string {
    shard.submit(aTask({ taskId, userId: userOf(), model: "red", createTime: shard.now }));
    shard.say("a", aFailure(accept()));
    shard.say("b", { type: "ready", freeSlots: 1 });
    const item = shard.store.itemsOfAgent("b").find((there) => there.taskId === taskId);
    if (item?.state !== "offered") throw new Error("nothing is offered to b");
    shard.accept("b", item.attempt.id);
    shard.say("a", { type: "ready", freeSlots: 1 });
    return item.attempt.id;
  }

  test("are the agent's fault when one of them succeeds on another", () => {
    userOf = () => 1001;
    const attempt = failThenMoveOn("good");
    for (const model of ["red", "blue", "green"]) fail(model);
    expect(standing().state).toBe("idle");
    shard.say("b", aCompletion(attempt));
    expect(standing()).toMatchObject({ state: "quarantined", detail: expect.stringContaining("not by their own fault") });
  });

  test("count against no agent once they fail on two, and end the rest that they caused", () => {
    userOf = () => 1001;
    for (let n = 1; n <= 3; n++) {
      const attempt = failThenMoveOn(`bad-${n}`);
      if (n < 3) shard.say("b", aFailure(attempt, { retryable: false }));
    }
    fail("red");
    expect(isAsked("red")).toBe(false);
    const [item] = shard.store.itemsOfAgent("b");
    const effects = item?.state === "running" ? shard.say("b", aFailure(item.attempt.id)) : [];
    expect(offersIn(effects)).toEqual(["bad-3@a"]);
    expect(shard.store.getAgent("b")).not.toHaveProperty("trouble");
    expect(shard.store.getAgent("a")?.modelTrouble).toBeUndefined();
  });

  test("that no engine could load a model for are not their fault, however many agents say so", () => {
    userOf = () => 1001;
    shard.submit(aTask({ taskId: "task", model: "red", createTime: shard.now }));
    shard.say("a", aFailure(accept(), { error: "MODEL_LOAD_FAILED" }));
    shard.say("b", { type: "ready", freeSlots: 1 });
    const [item] = shard.store.itemsOfAgent("b");
    if (item?.state !== "offered") throw new Error("nothing is offered to b");
    shard.accept("b", item.attempt.id);
    shard.say("b", aFailure(item.attempt.id, { error: "MODEL_LOAD_FAILED" }));
    expect([restsFrom("a"), restsFrom("b")]).toEqual([true, false]);
    expect(shard.store.getAgent("b")?.modelTrouble?.["red"]?.suspects).toHaveLength(1);
  });

  const restsFrom = (agentId: string) => typeof shard.store.getAgent(agentId)?.modelTrouble?.["red"]?.until === "number";
});

describe("an agent whose rest is over", () => {
  beforeEach(() => {
    for (const model of ["red", "red", "blue", "green"]) fail(model);
    shard.store.putAgent({ ...agentA(), slots: 4, freeSlots: 4 });
  });
  const agentA = () => shard.store.getAgent("a") ?? anAgent();
  const offered = () => shard.store.itemsOfAgent("a").flatMap((item) => (item.state === "offered" ? item.taskId : []));

  test("is given one task; all that it has room for once that has succeeded", () => {
    for (let n = 1; n <= 6; n++) shard.submit(aTask({ taskId: `next-${n}`, userId: 3000 + n, model: "red", createTime: shard.now }));
    shard.tick(30_000, ["a"]);
    expect(offered()).toEqual(["next-1"]);
    shard.say("a", aCompletion(accept()));
    shard.say("a", { type: "ready", freeSlots: 4 });
    expect(offered()).toEqual(["next-2", "next-3", "next-4", "next-5"]);
  });

  test("is given another one when nothing is heard of the first for as long as the shortest rest", () => {
    for (let n = 1; n <= 3; n++) shard.submit(aTask({ taskId: `next-${n}`, userId: 3000 + n, model: "red", createTime: shard.now }));
    shard.tick(30_000, ["a"]);
    accept();
    shard.tick(29_999, ["a"]);
    expect(offered()).toEqual([]);
    shard.tick(1, ["a"]);
    expect(offered()).toEqual(["next-2"]);
  });

  test("is tried with the task of somebody whom it has failed nothing, if one waits", () => {
    const [suspect] = agentA().trouble?.suspects ?? [];
    shard.submit(aTask({ taskId: "theirs", userId: suspect?.userId ?? 0, model: "red", createTime: shard.now }));
    shard.submit(aTask({ taskId: "another", userId: 3001, model: "blue", createTime: shard.now }));
    shard.store.setUsage(3001, 1e9);
    shard.tick(30_000, ["a"]);
    expect(offered()).toEqual(["another"]);
  });

  test("rests for five minutes at most, however often it fails", () => {
    for (let rest = 0; rest < 10; rest++) {
      shard.tick((agentA().trouble?.until ?? 0) - shard.now, ["a"]);
      fail("red");
    }
    expect((agentA().trouble?.until ?? 0) - shard.now).toBe(300_000);
  });
});

describe("an agent that fails everything", () => {
  test("is quarantined, says why, and is asked again later", () => {
    for (const model of ["red", "red", "blue", "green"]) fail(model);
    expect([isAsked("red"), isAsked("blue")]).toEqual([false, false]);
    expect(standing()).toMatchObject({
      state: "quarantined",
      reason: "QUARANTINED",
      detail: expect.stringMatching(/^no green today \(4 tasks of 4 users failed here with no success between; one task is tried at/),
    });
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
