import { beforeEach, describe, expect, test } from "vitest";
import { onAgentCommand, onAgentDismissed } from "./agent-intake.ts";
import { aTask } from "../testing/builders.ts";
import { dutiesIn, offersIn, sentIn, Shard } from "../testing/shard.ts";

let shard: Shard;

beforeEach(() => {
  shard = new Shard();
});

const tell = (command: "drain" | "pause" | "resume", agentId = "agent-a") => onAgentCommand(shard.store, agentId, command, shard.clock);

describe("a paused agent", () => {
  test("is offered nothing until it is resumed, and then what waits", () => {
    shard.connect("agent-a");
    expect(tell("pause")).toEqual([]);
    expect(shard.submit(aTask())).toEqual([]);
    expect(shard.say("agent-a", { type: "ready", freeSlots: 1 })).toEqual([]);
    expect(offersIn(tell("resume") ?? [])).toEqual(["task-1@agent-a"]);
  });

  test("stays paused through a blink of its line", () => {
    shard.connect("agent-a");
    tell("pause");
    shard.gone("agent-a");
    shard.connect("agent-a");
    expect(shard.submit(aTask())).toEqual([]);
  });

  test("goes on with what it runs", () => {
    shard.connect("agent-a", { slots: 2 });
    shard.submit(aTask());
    shard.accept("agent-a", "attempt-1");
    tell("pause");
    expect(shard.state("task-1")).toBe("running");
    expect(shard.submit(aTask({ taskId: "task-2" }))).toEqual([]);
  });

  test("is nobody to wait for: a task that only it could run is not admitted", () => {
    shard.connect("agent-a");
    tell("pause");
    expect(shard.admit(aTask())).toEqual({ admitted: false, reason: "NO_GPU" });
  });
});

describe("a drained agent", () => {
  test("is told, again after each hello, and offered nothing", () => {
    shard.connect("agent-a");
    expect(sentIn(tell("drain") ?? [])).toEqual(["drain → agent-a"]);
    shard.gone("agent-a");
    expect(sentIn(shard.hello("agent-a"))).toEqual(["drain → agent-a"]);
    expect(shard.say("agent-a", { type: "ready", freeSlots: 1 })).toEqual([]);
    expect(shard.submit(aTask())).toEqual([]);
  });

  test("is not made less than that by a pause", () => {
    shard.connect("agent-a");
    tell("drain");
    tell("pause");
    expect(shard.store.getAgent("agent-a")?.intake).toBe("draining");
  });

  test("comes again when it is resumed, because only a welcome takes a drain back, and is offered nothing until then", () => {
    shard.connect("agent-a");
    tell("drain");
    expect(tell("resume")).toMatchObject([{ kind: "close", agentId: "agent-a", code: 1012 }]);
    expect(offersIn(shard.submit(aTask()))).toEqual([]);
    expect(offersIn(shard.connect("agent-a"))).toEqual(["task-1@agent-a"]);
  });
});

test("an agent that never said hello cannot be told anything", () => {
  expect(tell("pause", "nobody")).toBeNull();
});

describe("a dismissed agent", () => {
  const dismiss = () => onAgentDismissed(shard.store, "agent-a", "the agent key was revoked", shard.clock);

  test("is forgotten, and what it ran goes to another at once and counts as no failure", () => {
    shard.connect("agent-a");
    shard.submit(aTask());
    shard.accept("agent-a", "attempt-1");
    shard.connect("agent-b");
    const effects = dismiss();
    expect(offersIn(effects)).toEqual(["task-1@agent-b"]);
    expect(dutiesIn(effects)).toMatchObject([{ kind: "lost", outcome: "LOST", reason: "the agent key was revoked" }]);
    expect(shard.store.getItem("task-1")).toMatchObject({ failures: 0 });
    expect(shard.store.getAgent("agent-a")).toBeNull();
  });

  test("gives an unanswered offer back without an attempt, and no stopping task is waited for", () => {
    shard.connect("agent-a", { slots: 2 });
    shard.submit(aTask());
    shard.submit(aTask({ taskId: "task-2" }));
    shard.accept("agent-a", "attempt-2");
    shard.cancel("task-2");
    expect(dutiesIn(dismiss())).toEqual([]);
    expect([shard.state("task-1"), shard.state("task-2")]).toEqual(["waiting", "gone"]);
  });

  test("is nobody's second time", () => {
    shard.connect("agent-a");
    dismiss();
    expect(dismiss()).toEqual([]);
  });
});
