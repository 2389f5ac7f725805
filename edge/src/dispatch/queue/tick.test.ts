import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { judgeLease } from "./lease.ts";
import { aCompletion, anAttempt, aTask } from "../testing/builders.ts";
import { onTaskFound } from "./task-events.ts";
import { dutiesIn, offersIn, sentIn, Shard } from "../testing/shard.ts";

const { leaseMs, graceMs } = DEFAULTS;

/** `task-1` runs as `attempt-1` on agent `a`. */
function running(): Shard {
  const shard = new Shard();
  shard.connect("a");
  shard.submit(aTask({ createTime: shard.now }));
  shard.accept("a", "attempt-1");
  return shard;
}

describe("a lease that falls due", () => {
  test("is renewed from the agent's last ping", () => {
    expect(judgeLease(30_000, 21_000, 30_000, DEFAULTS)).toEqual({ kind: "renewed", leaseUntil: 51_000 });
  });

  test("of a silent agent has a grace, counted from the lease", () => {
    expect(judgeLease(30_000, 0, 30_000, DEFAULTS)).toEqual({ kind: "grace", until: 60_000 });
    expect(judgeLease(30_000, 0, 59_999, DEFAULTS)).toEqual({ kind: "grace", until: 60_000 });
    expect(judgeLease(30_000, 0, 60_000, DEFAULTS)).toEqual({ kind: "lost" });
  });

  test("has a grace that a late sign of life moves", () => {
    expect(judgeLease(30_000, 15_000, 45_000, DEFAULTS)).toEqual({ kind: "grace", until: 75_000 });
  });

  test("that was looked at long after is lost, unless the agent pinged lately", () => {
    expect(judgeLease(30_000, 0, 3_600_000, DEFAULTS)).toEqual({ kind: "lost" });
    expect(judgeLease(30_000, 3_595_000, 3_600_000, DEFAULTS)).toMatchObject({ kind: "renewed" });
  });
});

describe("a running attempt", () => {
  test("goes on while its agent pings, however long it says nothing else", () => {
    const shard = running();
    for (let n = 0; n < 15; n++) expect(shard.tick(leaseMs, ["a"])).toEqual([]);
    expect(shard.state("task-1")).toBe("running");
  });

  test("is lost when lease and grace are over, and the task goes to another agent", () => {
    const shard = running();
    shard.connect("b");
    shard.gone("a");
    expect(shard.tick(leaseMs)).toEqual([]);
    expect(shard.tick(graceMs - 1)).toEqual([]);
    const effects = shard.tick(1);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "LOST", reason: "the agent did not come back" }]);
    // Should it still hear: it works for nobody.
    expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
    expect(offersIn(effects)).toEqual(["task-1@b"]);
    expect(shard.say("a", aCompletion("attempt-1"))).toEqual([{ kind: "late", agentId: "a", attemptId: "attempt-1" }]);
  });

  test("lost three times ends its task", () => {
    const shard = new Shard();
    shard.submit(aTask({ createTime: shard.now }));
    for (const n of [1, 2, 3]) {
      shard.connect(`agent-${n}`);
      shard.accept(`agent-${n}`, `attempt-${n}`);
      shard.gone(`agent-${n}`);
      shard.tick(leaseMs);
      const duties = dutiesIn(shard.tick(graceMs));
      expect(duties).toMatchObject([n < 3 ? { kind: "lost" } : { kind: "failed", error: "INTERNAL", attempt: { id: "attempt-3" } }]);
    }
    expect(shard.state("task-1")).toBe("ending");
  });

  test("ends with E008 at its deadline, whatever its lease says", () => {
    const shard = running();
    for (let ms = 0; ms < DEFAULTS.runningDeadlineMs - 10_000; ms += 10_000) expect(shard.tick(10_000, ["a"])).toEqual([]);
    const effects = shard.tick(10_000, ["a"]);
    expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "failed", error: "TASK_TIMEOUT", attempt: { id: "attempt-1" } }]);
    expect(shard.tick(10_000, ["a"])).toEqual([]);
  });

  test("frees its agent's slot by its deadline when the agent had said that it is free", () => {
    const shard = running();
    shard.say("a", { type: "ready", freeSlots: 1 });
    shard.submit(aTask({ taskId: "task-2", createTime: shard.now }));
    expect(offersIn(shard.tick(DEFAULTS.runningDeadlineMs, ["a"]))).toEqual(["task-2@a"]);
  });
});

test("an agent that is silent for a lease and its grace is gone though nobody closed its socket, and is offered nothing", () => {
  const shard = running();
  shard.say("a", { type: "ready", freeSlots: 1 });
  shard.tick(leaseMs);
  expect(shard.tick(graceMs)).toContainEqual({ kind: "close", agentId: "a", code: 1012, reason: "not heard from" });
  expect([shard.store.getAgent("a")?.isConnected, shard.state("task-1")]).toEqual([false, "waiting"]);
  shard.connect("a");
  shard.tick(leaseMs + graceMs);
  expect([shard.store.getAgent("a")?.isConnected, shard.state("task-1")]).toEqual([false, "waiting"]);
});

describe("a waiting task", () => {
  test("ends with E008 at its deadline", () => {
    const shard = new Shard();
    shard.submit(aTask({ createTime: shard.now }));
    expect(shard.tick(DEFAULTS.waitingDeadlineMs - 1)).toEqual([]);
    expect(dutiesIn(shard.tick(1))).toMatchObject([{ kind: "failed", error: "TASK_TIMEOUT", attempt: null }]);
    expect(shard.state("task-1")).toBe("ending");
  });

  test("is late by the time that it waited, not by the time that it ran", () => {
    const shard = new Shard();
    shard.now += 1_000;
    shard.submit(aTask({ createTime: shard.now }));
    shard.tick(20 * 60_000);
    shard.connect("a");
    shard.accept("a", "attempt-1");
    shard.tick(9 * 60_000, ["a"]);
    shard.say("a", { type: "stopped", attemptId: "attempt-1" });
    shard.say("a", { type: "bye", reason: "owner" });
    expect(shard.state("task-1")).toBe("waiting");
    expect(dutiesIn(shard.tick(40 * 60_000 - 1))).toEqual([]);
    expect(dutiesIn(shard.tick(1))).toMatchObject([{ kind: "failed", error: "TASK_TIMEOUT" }]);
  });

  test("that is due is never offered in the same moment", () => {
    const shard = new Shard();
    shard.connect("a");
    for (const taskId of ["task-1", "task-2"]) shard.submit(aTask({ taskId, createTime: shard.now - DEFAULTS.waitingDeadlineMs + 1 }));
    const effects = shard.tick(DEFAULTS.offerMs);
    expect(dutiesIn(effects).map((duty) => [duty.kind, duty.taskId])).toEqual([
      ["failed", "task-2"],
      ["failed", "task-1"],
    ]);
  });

  test("is due also when it is offered again and again, and nobody ever takes it", () => {
    const shard = new Shard();
    for (const agentId of ["a", "b", "c"]) shard.connect(agentId);
    shard.submit(aTask({ createTime: shard.now }));
    const states = new Set<string>();
    let ends = dutiesIn([]);
    while (ends.length === 0 && shard.now - shard.start <= DEFAULTS.waitingDeadlineMs) {
      states.add(shard.state("task-1"));
      ends = dutiesIn(shard.tick(DEFAULTS.offerMs, ["a", "b", "c"]));
      for (const agentId of ["a", "b", "c"]) shard.say(agentId, { type: "ready", freeSlots: 1 });
    }
    expect([...states]).toEqual(["offered"]);
    expect(ends).toMatchObject([{ kind: "failed", error: "TASK_TIMEOUT", attempt: null, message: "it waited too long" }]);
  });

  test("is one of a hundred that a tick looks at; the next takes the rest", () => {
    const shard = new Shard();
    for (let n = 0; n < 150; n++) shard.submit(aTask({ taskId: `task-${n}`, createTime: shard.now }));
    expect(dutiesIn(shard.tick(DEFAULTS.waitingDeadlineMs))).toHaveLength(100);
    expect(shard.store.earliestDue()).toBe(shard.now);
    expect(dutiesIn(shard.tick(0))).toHaveLength(50);
  });
});

describe("a client's own deadline", () => {
  const seconds = 1000;

  test("for the start ends a task that still waits", () => {
    const shard = new Shard();
    shard.submit(aTask({ createTime: shard.now, startBy: shard.now + 20 * seconds }));
    expect(shard.tick(20 * seconds - 1)).toEqual([]);
    expect(dutiesIn(shard.tick(1))).toMatchObject([
      { kind: "failed", error: "TASK_TIMEOUT", attempt: null, message: expect.stringContaining("did not start") },
    ]);
  });

  test("for the start is kept by a start, also one that is lost again", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask({ createTime: shard.now, startBy: shard.now + 20 * seconds }));
    shard.accept("a", "attempt-1");
    shard.gone("a");
    shard.tick(leaseMs);
    expect(dutiesIn(shard.tick(graceMs))).toMatchObject([{ kind: "lost" }]);
    expect(shard.tick(graceMs)).toEqual([]);
    expect(shard.state("task-1")).toBe("waiting");
  });

  test("for the start counts on for an offer that nobody answered", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask({ createTime: shard.now, startBy: shard.now + 1 * seconds }));
    expect(dutiesIn(shard.tick(DEFAULTS.offerMs))).toMatchObject([{ kind: "failed", error: "TASK_TIMEOUT", attempt: null }]);
  });

  test("for the end ends a task that waits and one that runs", () => {
    const waiting = new Shard();
    waiting.submit(aTask({ createTime: waiting.now, finishBy: waiting.now + 20 * seconds }));
    expect(dutiesIn(waiting.tick(20 * seconds))).toMatchObject([{ kind: "failed", error: "TASK_TIMEOUT", attempt: null }]);

    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask({ createTime: shard.now, finishBy: shard.now + 20 * seconds }));
    shard.accept("a", "attempt-1");
    expect(shard.store.earliestDue()).toBe(shard.now + 20 * seconds);
    const effects = shard.tick(20 * seconds, ["a"]);
    expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
    expect(dutiesIn(effects)).toMatchObject([
      { kind: "failed", error: "TASK_TIMEOUT", attempt: { id: "attempt-1" }, message: expect.stringContaining("did not finish") },
    ]);
  });

  test("never lengthens ours", () => {
    const shard = new Shard();
    shard.submit(aTask({ createTime: shard.now, startBy: shard.now + 2 * DEFAULTS.waitingDeadlineMs }));
    expect(dutiesIn(shard.tick(DEFAULTS.waitingDeadlineMs))).toMatchObject([{ message: "it waited too long" }]);
  });

  test("of a task that only D1 knew counts on from there", () => {
    const shard = new Shard();
    const task = aTask({ createTime: shard.now, attemptNumber: 1, finishBy: shard.now + 20 * seconds });
    onTaskFound(shard.store, task, anAttempt({ agentId: "a" }), shard.now, shard.clock);
    expect(shard.store.earliestDue()).toBe(shard.now + 20 * seconds);
  });
});
