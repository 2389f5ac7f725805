import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { aCompletion, aFailure, anAttempt, aTask } from "../testing/builders.ts";
import { dutiesIn, offersIn, sentIn, Shard } from "../testing/shard.ts";
import { onEnded, onResultUnusable, onStartRefused, onTaskFound } from "./task-events.ts";

/** `task-1` runs as `attempt-1` on agent `a`. */
function running(): Shard {
  const shard = new Shard();
  shard.connect("a");
  shard.submit(aTask({ createTime: shard.now }));
  shard.accept("a", "attempt-1");
  return shard;
}

describe("a cancel", () => {
  test("of a waiting task takes it off the list", () => {
    const shard = new Shard();
    shard.submit(aTask());
    const effects = shard.cancel("task-1");
    expect(dutiesIn(effects)).toMatchObject([{ kind: "cancelled", taskId: "task-1", attempt: null }]);
    expect(sentIn(effects)).toEqual([]);
    expect(shard.state("task-1")).toBe("gone");
  });

  test("of an offered task is sent to the agent, whose word is awaited", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    const effects = shard.cancel("task-1");
    expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "cancelled", attempt: { id: "attempt-1" } }]);
    // Accepted before the cancel reached it.
    expect(shard.accept("a", "attempt-1")).toEqual([]);
    expect(shard.state("task-1")).toBe("stopping");
  });

  test("of a running task keeps the slot taken until the agent has stopped", () => {
    const shard = running();
    expect(sentIn(shard.cancel("task-1"))).toEqual(["cancel attempt-1 → a"]);
    shard.submit(aTask({ taskId: "task-2" }));
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 1 }))).toEqual([]);
    expect(offersIn(shard.say("a", { type: "stopped", attemptId: "attempt-1" }))).toEqual(["task-2@a"]);
  });

  test.each([
    ["completes", aCompletion("attempt-1")],
    ["fails", aFailure("attempt-1", { retryable: false })],
  ])("of a task that just %s leaves the last word to D1", (_how, end) => {
    const shard = running();
    shard.say("a", end);
    expect(shard.cancel("task-1")).toEqual([]);
    expect(shard.state("task-1")).toBe("ending");
  });

  test("of a task that never came onto the list is announced all the same", () => {
    const shard = running();
    expect(shard.cancel("task-2")).toEqual([{ kind: "duty", duty: { kind: "cancelled", taskId: "task-2", attempt: null, at: shard.now } }]);
  });

  test("has no effect the second time", () => {
    const shard = running();
    shard.cancel("task-1");
    expect(shard.cancel("task-1")).toEqual([]);
  });

  test("that the agent never confirms is forgotten after ten minutes, and its slot is free", () => {
    const shard = running();
    shard.cancel("task-1");
    shard.submit(aTask({ taskId: "task-2", createTime: shard.now }));
    shard.say("a", { type: "ready", freeSlots: 1 });
    shard.tick(10 * 60_000 - 1, ["a"]);
    expect(shard.state("task-1")).toBe("stopping");
    expect(offersIn(shard.tick(1, ["a"]))).toEqual(["task-2@a"]);
    expect(shard.state("task-1")).toBe("gone");
  });
});

describe("D1's answer to an end", () => {
  test("takes the task off the list", () => {
    const shard = running();
    shard.say("a", aCompletion("attempt-1"));
    onEnded(shard.store, "task-1", "attempt-1");
    expect(shard.state("task-1")).toBe("gone");
  });

  test("of another attempt, or of a task that is not ending, has no effect", () => {
    const shard = running();
    onEnded(shard.store, "task-1", "attempt-1");
    expect(shard.state("task-1")).toBe("running");
    shard.say("a", aCompletion("attempt-1"));
    onEnded(shard.store, "task-1", "attempt-0");
    onEnded(shard.store, "task-2", null);
    expect(shard.state("task-1")).toBe("ending");
  });
});

describe("a start that D1 refuses", () => {
  test("stops the agent, and has its user told if that was a cancel", () => {
    const shard = running();
    const effects = onStartRefused(shard.store, "task-1", anAttempt({ agentId: "a" }));
    expect(sentIn(effects)).toEqual(["cancel attempt-1 → a"]);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "cancelled", attempt: { id: "attempt-1" } }]);
    expect(shard.state("task-1")).toBe("stopping");
    shard.tick(DEFAULTS.leaseMs, ["a"]);
    expect(shard.state("task-1")).toBe("gone");
  });

  test("of an attempt that is being stopped, is ending or is over leaves its task alone", () => {
    const shard = running();
    expect(onStartRefused(shard.store, "task-1", anAttempt({ id: "attempt-0", agentId: "a" }))).toEqual([]);
    shard.cancel("task-1");
    expect(onStartRefused(shard.store, "task-1", anAttempt({ agentId: "a" }))).toEqual([]);
    expect(shard.state("task-1")).toBe("stopping");
  });
});

describe("a result that is not in the store", () => {
  test("is a failed attempt: another one may bring it", () => {
    const shard = running();
    shard.say("a", aCompletion("attempt-1"));
    const effects = onResultUnusable(shard.store, "task-1", anAttempt({ agentId: "a" }), "missing: file 0", shard.clock);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "FAILED", reason: "missing: file 0" }]);
    expect(shard.store.getItem("task-1")).toMatchObject({ failures: 1 });
  });

  test("three times ends the task", () => {
    const shard = new Shard();
    shard.submit(aTask({ failures: 2, attemptNumber: 2 }));
    shard.connect("a");
    shard.accept("a", "attempt-1");
    shard.say("a", aCompletion("attempt-1"));
    const effects = onResultUnusable(shard.store, "task-1", anAttempt({ agentId: "a" }), "missing", shard.clock);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "failed", error: "INTERNAL", message: "missing" }]);
  });

  test("of an attempt that is not ending has no effect", () => {
    const shard = running();
    expect(onResultUnusable(shard.store, "task-1", anAttempt({ agentId: "a" }), "missing", shard.clock)).toEqual([]);
  });
});

describe("a task that only D1 knew", () => {
  const found = (shard: Shard, attempt = anAttempt({ id: "attempt-9", number: 2, agentId: "a" })) =>
    onTaskFound(shard.store, aTask({ failures: 1, attemptNumber: 2, createTime: shard.now }), attempt, shard.now - 5_000, shard.clock);

  test("and that waits there waits here", () => {
    const shard = new Shard();
    shard.connect("a");
    expect(offersIn(onTaskFound(shard.store, aTask(), null, 0, shard.clock))).toEqual(["task-1@a"]);
    expect(onTaskFound(shard.store, aTask(), null, 0, shard.clock)).toEqual([]);
  });

  test("and that runs there has a lease, in which its agent may come back to it", () => {
    const shard = new Shard();
    expect(found(shard)).toEqual([]);
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "running", failures: 1, leaseUntil: shard.now + DEFAULTS.leaseMs });
    shard.tick(50_000);
    shard.connect("a", { running: ["attempt-9"] });
    expect(dutiesIn(shard.say("a", aCompletion("attempt-9")))).toMatchObject([{ kind: "completed", attempt: { id: "attempt-9" } }]);
  });

  test("and whose agent has said hello without it and left again goes to another one at once", () => {
    const shard = new Shard();
    shard.connect("agent-a");
    shard.gone("agent-a");
    shard.connect("b");
    const effects = onTaskFound(shard.store, aTask({ createTime: shard.now }), anAttempt(), shard.now, shard.clock);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", attempt: { id: "attempt-1" } }]);
    expect(offersIn(effects)).toEqual(["task-1@b"]);
  });

  test("and whose agent does not come back goes to another one", () => {
    const shard = new Shard();
    found(shard);
    shard.tick(DEFAULTS.leaseMs);
    expect(dutiesIn(shard.tick(DEFAULTS.graceMs))).toMatchObject([{ kind: "lost", attempt: { id: "attempt-9" } }]);
    shard.connect("b");
    expect(dutiesIn(shard.accept("b", "attempt-1"))).toMatchObject([{ kind: "started", attempt: { number: 3 } }]);
  });

  test("and whose agent is here goes back to the line: hello told it to stop what was not on the list", () => {
    const shard = new Shard();
    expect(sentIn(shard.hello("a", { running: ["attempt-9"] }))).toEqual(["cancel attempt-9 → a"]);
    expect(dutiesIn(found(shard))).toMatchObject([{ kind: "lost", outcome: "LOST", attempt: { id: "attempt-9" } }]);
    // No failure of the task.
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "waiting", failures: 1 });
  });

  test("has no effect when the list has it by now", () => {
    const shard = running();
    expect(found(shard)).toEqual([]);
    expect(shard.store.getItem("task-1")).toMatchObject({ attempt: { id: "attempt-1" } });
  });
});
