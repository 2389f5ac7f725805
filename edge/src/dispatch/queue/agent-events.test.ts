import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { aCompletion, aFailure, aModel, aTask } from "../testing/builders.ts";
import { dutiesIn, offersIn, sentIn, Shard } from "../testing/shard.ts";
import { onUpload } from "./agent-events.ts";
import type { Effect } from "./types.ts";

/** `task-1` runs as `attempt-1` on agent `a`. */
function running(): Shard {
  const shard = new Shard();
  shard.connect("a");
  shard.submit(aTask({ createTime: shard.now }));
  shard.accept("a", "attempt-1");
  return shard;
}

const progress = (step: number, phase: "loading" | "sampling" | "encoding" = "sampling", attemptId = "attempt-1") =>
  ({ type: "progress", attemptId, phase, step, totalSteps: 30 }) as const;
const stepsIn = (effects: Effect[]) => effects.flatMap((effect) => (effect.kind === "progress" ? effect.item.progress.step : []));

describe("accepted", () => {
  test("starts the attempt, its lease and its deadline", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    const effects = shard.accept("a", "attempt-1");
    expect(dutiesIn(effects)).toMatchObject([{ kind: "started", taskId: "task-1", attempt: { id: "attempt-1", number: 1, agentId: "a" } }]);
    expect(shard.store.getItem("task-1")).toMatchObject({
      state: "running",
      startedAt: shard.now,
      leaseUntil: shard.now + DEFAULTS.leaseMs,
      deadlineAt: shard.now + DEFAULTS.runningDeadlineMs,
    });
  });

  test("gives a long task ten times its expected time", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.store.putSpeed("TEXT2IMG|scene", 1000);
    shard.submit(aTask({ work: 120e6 }));
    shard.accept("a", "attempt-1");
    expect(shard.store.getItem("task-1")).toMatchObject({ deadlineAt: shard.now + 10 * 120_000 });
  });

  test("has no effect the second time", () => {
    const shard = running();
    shard.now += 5_000;
    const before = shard.store.getItem("task-1");
    expect(shard.accept("a", "attempt-1")).toEqual([]);
    expect(shard.store.getItem("task-1")).toEqual(before);
  });
});

describe("an agent that changes while connected", () => {
  test("is offered what it can run since it said so", () => {
    const shard = new Shard();
    shard.connect("a", { models: [] });
    shard.submit(aTask());
    expect(offersIn(shard.say("a", { type: "capabilities", capabilities: { slots: 1, models: [aModel()] } }))).toHaveLength(1);
  });

  test("is known as it described itself last", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.say("a", { type: "status", status: { residentModels: ["scene"], temperatureCelsius: 71 } });
    expect(shard.store.getAgent("a")?.status).toEqual({ residentModels: ["scene"], temperatureCelsius: 71 });
  });
});

describe("progress", () => {
  test("is passed on with what the task is, and never goes back to an earlier phase", () => {
    const shard = running();
    expect(stepsIn(shard.say("a", progress(3)))).toEqual([3]);
    expect(shard.say("a", progress(30, "loading"))).toEqual([]);
    expect(stepsIn(shard.say("a", progress(0, "encoding")))).toEqual([0]);
    expect(shard.say("a", progress(30))).toEqual([]);
  });

  test("is stored when the phase changes and seldom in between", () => {
    const shard = running();
    const stored = () => {
      const item = shard.store.getItem("task-1");
      return item?.state === "running" ? item.progress.step : null;
    };
    shard.say("a", progress(1));
    shard.now += 1_000;
    shard.say("a", progress(2));
    expect(stored()).toBe(1);
    shard.now += DEFAULTS.leaseMs / 3;
    shard.say("a", progress(9));
    expect(stored()).toBe(9);
  });

  test("of an attempt that is not this agent's is answered with a cancel", () => {
    const shard = running();
    shard.connect("b");
    expect(sentIn(shard.say("b", progress(1)))).toEqual(["cancel attempt-1 → b"]);
    expect(sentIn(shard.say("a", progress(1, "sampling", "never-heard")))).toEqual(["cancel never-heard → a"]);
    expect(shard.store.getItem("task-1")).toMatchObject({ progress: { phase: "queued" } });
  });
});

describe("an agent that speaks of an offer which it was not heard to accept", () => {
  test.each([
    ["progress", progress(1), "running"],
    ["completed", aCompletion("attempt-1"), "ending"],
    ["failed", aFailure("attempt-1", { retryable: false }), "ending"],
  ] as const)("has taken it (%s)", (_type, message, state) => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    expect(dutiesIn(shard.say("a", message))[0]).toMatchObject({ kind: "started", attempt: { id: "attempt-1" } });
    expect(shard.state("task-1")).toBe(state);
    expect(shard.accept("a", "attempt-1")).toEqual([]);
  });

  test("has taken it when it brings a file, which may come before any word of it; a file of another attempt changes nothing", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    expect(onUpload(shard.store, "attempt-0", shard.clock)).toEqual([]);
    expect(dutiesIn(onUpload(shard.store, "attempt-1", shard.clock))).toMatchObject([{ kind: "started", attempt: { id: "attempt-1" } }]);
    expect(shard.state("task-1")).toBe("running");
    expect(onUpload(shard.store, "attempt-1", shard.clock)).toEqual([]);
  });
});

describe("completed", () => {
  test("ends the task and teaches how long such a task takes", () => {
    const shard = running();
    shard.now += 12_000;
    expect(dutiesIn(shard.say("a", aCompletion("attempt-1")))).toMatchObject([
      { kind: "completed", taskId: "task-1", report: { files: [{ index: 0 }] } },
    ]);
    expect(shard.state("task-1")).toBe("ending");
    expect(shard.store.getSpeed("TEXT2IMG|scene")).toBeCloseTo(12_000 / ((30 * 1024 * 1024) / 1e6));
  });

  test("has no effect the second time", () => {
    const shard = running();
    shard.say("a", aCompletion("attempt-1"));
    expect(shard.say("a", aCompletion("attempt-1"))).toEqual([]);
  });

  test("is left to D1 when the attempt is not on the list, or not this agent's", () => {
    const shard = running();
    shard.connect("b");
    expect(shard.say("b", aCompletion("attempt-1"))).toEqual([{ kind: "late", agentId: "b", attemptId: "attempt-1" }]);
    expect(shard.say("a", aCompletion("old"))).toEqual([{ kind: "late", agentId: "a", attemptId: "old" }]);
    expect(shard.state("task-1")).toBe("running");
  });

  test("of a cancelled attempt is left to D1, and the agent has stopped", () => {
    const shard = running();
    shard.cancel("task-1");
    expect(shard.say("a", aCompletion("attempt-1"))).toMatchObject([
      { kind: "late", agentId: "a", attemptId: "attempt-1" },
      { kind: "duty", duty: { kind: "stopped", attempt: { id: "attempt-1" } } },
    ]);
    expect(shard.state("task-1")).toBe("gone");
  });
});

describe("failed", () => {
  test("lets another agent try, and is acknowledged", () => {
    const shard = running();
    shard.connect("b");
    const effects = shard.say("a", aFailure("attempt-1"));
    expect(sentIn(effects)).toEqual(["ack attempt-1 → a"]);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "FAILED", reason: "it broke", attempt: { id: "attempt-1" } }]);
    expect(offersIn(effects)).toEqual(["task-1@b"]);
  });

  test("three times ends the task with the last agent's error", () => {
    const shard = new Shard();
    shard.submit(aTask());
    const duties = [1, 2, 3].flatMap((n) => {
      shard.connect("a");
      shard.accept("a", `attempt-${n}`);
      return dutiesIn(
        shard.say("a", aFailure(`attempt-${n}`, { error: n < 3 ? "INTERNAL" : "MODEL_LOAD_FAILED", message: `no file ${n}` })),
      );
    });
    expect(duties.map((duty) => duty.kind)).toEqual(["lost", "lost", "failed"]);
    expect(duties[2]).toMatchObject({ error: "MODEL_LOAD_FAILED", message: "no file 3", attempt: { number: 3 } });
    expect(shard.state("task-1")).toBe("ending");
  });

  test("for good ends the task at once", () => {
    const shard = running();
    const effects = shard.say("a", aFailure("attempt-1", { error: "BAD_REQUEST", retryable: false }));
    expect(dutiesIn(effects)).toMatchObject([{ kind: "failed", error: "BAD_REQUEST" }]);
    // Acknowledged once D1 has it.
    expect(sentIn(effects)).toEqual([]);
    expect(shard.say("a", aFailure("attempt-1"))).toEqual([]);
  });

  test("of an attempt that is over, or somebody else's, is refused without effect", () => {
    const shard = running();
    shard.connect("b");
    const refused = { kind: "send", agentId: "b", message: { type: "ack", attemptId: "attempt-1", outcome: "refused" } };
    expect(shard.say("b", aFailure("attempt-1"))).toEqual([refused]);
    expect(shard.state("task-1")).toBe("running");
  });
});

describe("stopped", () => {
  test("confirms a cancel", () => {
    const shard = running();
    shard.cancel("task-1");
    shard.say("a", { type: "stopped", attemptId: "attempt-1" });
    expect(shard.state("task-1")).toBe("gone");
  });

  test("of an attempt that nobody cancelled is a lost attempt", () => {
    const shard = running();
    shard.connect("b");
    const effects = shard.say("a", { type: "stopped", attemptId: "attempt-1" });
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "LOST" }]);
    expect(shard.store.getItem("task-1")).toMatchObject({ failures: 1, state: "offered" });
  });

  test("by another agent, or a second time, has no effect", () => {
    const shard = running();
    shard.connect("b");
    shard.cancel("task-1");
    shard.say("b", { type: "stopped", attemptId: "attempt-1" });
    expect(shard.state("task-1")).toBe("stopping");
    const confirmed = dutiesIn(shard.say("a", { type: "stopped", attemptId: "attempt-1" }));
    expect(confirmed).toMatchObject([{ kind: "stopped", taskId: "task-1", attempt: { id: "attempt-1" } }]);
    expect(shard.say("a", { type: "stopped", attemptId: "attempt-1" })).toEqual([]);
  });
});

describe("hello", () => {
  test.each([
    ["still runs", { running: ["attempt-1"] }],
    ["has finished", { finished: ["attempt-1"] }],
  ])("takes an attempt up again that the agent %s", (_what, has) => {
    const shard = running();
    shard.gone("a");
    shard.now += 50_000;
    expect(shard.connect("a", has)).toEqual([]);
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "running", failures: 0, leaseUntil: shard.now + DEFAULTS.leaseMs });
  });

  test("does not move the deadline of an attempt that was taken up again", () => {
    const shard = running();
    shard.now += DEFAULTS.runningDeadlineMs - 1_000;
    shard.connect("a", { running: ["attempt-1"] });
    expect(shard.store.earliestDue()).toBe(shard.now + 1_000);
  });

  test("without an attempt that was running loses it, which counts as a failure", () => {
    const shard = running();
    shard.connect("b");
    const effects = shard.connect("a");
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "LOST", reason: "the agent restarted without it" }]);
    expect(offersIn(effects)).toEqual(["task-1@b"]);
    expect(shard.store.getItem("task-1")).toMatchObject({ failures: 1, attemptNumber: 1 });
  });

  test("with an attempt that was only offered so far is its acceptance", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    expect(dutiesIn(shard.connect("a", { running: ["attempt-1"] }))).toMatchObject([{ kind: "started" }]);
    expect(shard.state("task-1")).toBe("running");
  });

  test("without the attempt on offer puts the task back, and it is offered anew", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    shard.hello("a");
    expect(shard.state("task-1")).toBe("waiting");
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual(["task-1@a"]);
  });

  test("repeats the cancel of an attempt that the agent has not stopped yet, and keeps its slot", () => {
    const shard = running();
    shard.gone("a");
    shard.cancel("task-1");
    expect(sentIn(shard.connect("a", { running: ["attempt-1"] }))).toEqual(["cancel attempt-1 → a"]);
    expect(shard.state("task-1")).toBe("stopping");
    expect(offersIn(shard.submit(aTask({ taskId: "task-2" })))).toEqual([]);
  });

  test("without the attempt that was to be stopped confirms that it has", () => {
    const shard = running();
    shard.gone("a");
    shard.cancel("task-1");
    expect(dutiesIn(shard.hello("a"))).toMatchObject([{ kind: "stopped", attempt: { id: "attempt-1" }, at: shard.now }]);
    expect(shard.state("task-1")).toBe("gone");
  });

  test("stops attempts that are not this agent's, or over", () => {
    const shard = running();
    expect(sentIn(shard.hello("b", { slots: 2, running: ["attempt-1", "unknown"] }))).toEqual([
      "cancel attempt-1 → b",
      "cancel unknown → b",
    ]);
    shard.tick(DEFAULTS.runningDeadlineMs, ["a"]);
    expect(shard.state("task-1")).toBe("ending");
    expect(sentIn(shard.hello("a", { running: ["attempt-1"] }))).toEqual(["cancel attempt-1 → a"]);
  });

  test("with other models and slots replaces what was known", () => {
    const shard = new Shard();
    shard.connect("a", { slots: 4 });
    shard.connect("a", { slots: 1 });
    shard.submit(aTask());
    expect(offersIn(shard.submit(aTask({ taskId: "task-2" })))).toEqual([]);
  });
});

describe("an agent that leaves", () => {
  test("by a bye gives its attempts back without a failure", () => {
    const shard = running();
    shard.connect("b");
    const effects = shard.say("a", { type: "bye", reason: "owner" });
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "LOST", reason: "the agent left: owner" }]);
    expect(offersIn(effects)).toEqual(["task-1@b"]);
    expect(shard.store.getItem("task-1")).toMatchObject({ failures: 0 });
  });

  test("by a bye takes back no offer, and confirms what was to be stopped", () => {
    const shard = new Shard();
    shard.connect("a", { slots: 2 });
    shard.submit(aTask());
    shard.submit(aTask({ taskId: "task-2" }));
    shard.cancel("task-1");
    expect(dutiesIn(shard.say("a", { type: "bye", reason: "owner" }))).toMatchObject([{ kind: "stopped", taskId: "task-1" }]);
    expect([shard.state("task-1"), shard.state("task-2")]).toEqual(["gone", "waiting"]);
  });

  test("is offered nothing any more, even when a word of it arrives late", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.say("a", { type: "bye", reason: "owner" });
    shard.say("a", { type: "ready", freeSlots: 1 });
    expect(offersIn(shard.submit(aTask()))).toEqual([]);
    expect(offersIn(shard.connect("a"))).toEqual(["task-1@a"]);
  });

  test("by losing its line keeps its attempts for now", () => {
    const shard = running();
    shard.gone("a");
    shard.gone("nobody");
    expect(shard.state("task-1")).toBe("running");
    expect(offersIn(shard.submit(aTask({ taskId: "task-2" })))).toEqual([]);
  });
});

test("a ping that reaches the object is answered", () => {
  expect(sentIn(running().say("a", { type: "ping" }))).toEqual(["pong → a"]);
});

test("nothing an unknown agent says has an effect", () => {
  const shard = running();
  const before = shard.store.getItem("task-1");
  shard.say("nobody", { type: "ready", freeSlots: 9 });
  shard.say("nobody", { type: "rejected", attemptId: "attempt-1", reason: "no" });
  shard.say("nobody", { type: "bye", reason: "no" });
  shard.accept("nobody", "attempt-1");
  expect(shard.store.getItem("task-1")).toEqual(before);
  expect(shard.store.getAgent("nobody")).toBeNull();
});

test("a task that is handed back again and again ends with its tenth start, though none of them counts as a failure", () => {
  const shard = new Shard();
  shard.submit(aTask());
  const ends: string[] = [];
  for (let n = 1; n <= DEFAULTS.maxStarts; n++) {
    shard.connect("a");
    const [item] = shard.store.itemsOfAgent("a");
    if (item?.state !== "offered") throw new Error(`nothing is offered for the ${n}th time`);
    shard.accept("a", item.attempt.id);
    ends.push(
      ...dutiesIn(shard.say("a", { type: "bye", reason: "done for today" })).map(
        (duty) => `${duty.kind} ${"failures" in duty ? duty.failures : ""}`,
      ),
    );
  }
  expect(ends).toEqual([...Array.from({ length: DEFAULTS.maxStarts - 1 }, () => "lost 0"), "failed "]);
  expect(shard.state("task-1")).toBe("ending");
});
