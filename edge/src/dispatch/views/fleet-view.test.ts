import { beforeEach, expect, test } from "vitest";
import { onAgentCommand } from "../queue/agent-intake.ts";
import { viewFleet, viewQueue } from "./fleet-view.ts";
import { aModel, aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";

const GB = 2 ** 30;
let shard: Shard;

beforeEach(() => {
  shard = new Shard();
});

const view = () => viewFleet(shard.store, () => 0)[0];

test("an agent is connected, idle, busy, paused, draining or offline, each with its reason", () => {
  shard.hello("agent-a", { slots: 2 });
  expect(view()).toMatchObject({ state: "connected", reason: "ASKS_FOR_NOTHING", slots: 2, running: 0 });
  shard.say("agent-a", { type: "ready", freeSlots: 2 });
  expect(view()).toMatchObject({ state: "idle", reason: "NOTHING_WAITS" });
  shard.submit(aTask({ model: "other" }));
  expect(view()).toMatchObject({ state: "idle", reason: "NOTHING_IT_CAN_RUN" });
  shard.submit(aTask({ taskId: "task-2" }));
  shard.accept("agent-a", "attempt-1");
  expect(view()).toMatchObject({ state: "busy", reason: "ROOM_FOR_MORE", running: 1 });
  shard.submit(aTask({ taskId: "task-3" }));
  expect(view()).toMatchObject({ state: "busy", reason: "ALL_SLOTS_TAKEN", running: 2 });
  onAgentCommand(shard.store, "agent-a", "pause", shard.clock);
  expect(view()).toMatchObject({ state: "paused", reason: "PAUSED", running: 2 });
  onAgentCommand(shard.store, "agent-a", "drain", shard.clock);
  expect(view()).toMatchObject({ state: "draining", reason: "DRAINING" });
  shard.gone("agent-a");
  expect(view()).toMatchObject({ state: "offline", reason: "LINE_DOWN_TASKS_KEPT" });
});

test("an agent says what needs more memory than it has, and the queue how much is missing", () => {
  shard.connect("agent-a", { models: [aModel({ memoryBytes: 16 * GB }), aModel({ name: "other" })] });
  shard.submit(aTask({ memoryBytes: 24 * GB }));
  expect(view()).toMatchObject({ state: "idle", reason: "TOO_LITTLE_MEMORY", detail: "scene 24 GB > 16 GB" });
  expect(viewQueue(shard.store).lines).toMatchObject([{ agents: 0, memoryBytes: 24 * GB, largestMemoryBytes: 16 * GB }]);
  shard.connect("agent-b", { slots: 2, models: [aModel({ memoryBytes: 24 * GB })] });
  for (const taskId of ["task-2", "task-3"]) shard.submit(aTask({ taskId, memoryBytes: 24 * GB }));
  expect(viewQueue(shard.store).lines).toMatchObject([{ agents: 1, memoryBytes: 24 * GB, largestMemoryBytes: null }]);
});

test("an agent that left an offer unanswered rests", () => {
  shard.connect("agent-a");
  shard.submit(aTask());
  shard.tick(3_001);
  expect(view()).toMatchObject({ state: "idle", reason: "RESTING" });
});

test("a drained agent that has nothing left can go", () => {
  shard.connect("agent-a");
  onAgentCommand(shard.store, "agent-a", "drain", shard.clock);
  expect(view()).toMatchObject({ state: "draining", reason: "DRAINED" });
});

test("the newest sign of life is a frame's or a ping's", () => {
  shard.connect("agent-a");
  expect(viewFleet(shard.store, () => shard.now + 5)[0]).toMatchObject({ lastSeenAt: shard.now + 5 });
  expect(viewFleet(shard.store, () => 1)[0]).toMatchObject({ lastSeenAt: shard.now });
});

test("the queue is counted line by line, with its oldest task and who could run it", () => {
  shard.connect("agent-a", { models: [aModel({ name: "scene" })] });
  shard.submit(aTask({ taskId: "running", createTime: 5 }));
  shard.accept("agent-a", "attempt-1");
  shard.submit(aTask({ taskId: "first", createTime: 10 }));
  shard.submit(aTask({ taskId: "second", createTime: 20 }));
  shard.submit(aTask({ taskId: "other", model: "unknown", createTime: 30 }));
  const { lines, ...totals } = viewQueue(shard.store);
  expect(totals).toEqual({ waiting: 3, running: 1 });
  expect(lines.toSorted((a, b) => a.oldestSince - b.oldestSince)).toMatchObject([
    { model: "scene", waiting: 2, oldestSince: 10, agents: 1 },
    { model: "unknown", waiting: 1, oldestSince: 30, agents: 0 },
  ]);
});
