import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { admit, expectedMs, learnSpeed } from "./estimate.ts";
import { createMemoryStore } from "./memory-store.ts";
import { aModel, anAgent, aTask, aWaitingItem } from "./testing/builders.ts";
import { Shard } from "./testing/shard.ts";
import type { AgentRecord } from "./types.ts";

function aPool(...agents: Partial<AgentRecord>[]) {
  const store = createMemoryStore();
  for (const agent of agents) store.putAgent(anAgent(agent));
  return store;
}

describe("admission", () => {
  test("promises an immediate start when a slot is open and nobody waits", () => {
    expect(admit(aPool({}), aTask(), 0)).toEqual({ admitted: true, queuePosition: 0, estimatedSeconds: 11 });
  });

  test("is refused with E007 when no agent can run it, or none has been seen for a minute", () => {
    const refused = { admitted: false, reason: "NO_GPU" };
    expect(admit(aPool(), aTask(), 0)).toEqual(refused);
    expect(admit(aPool({ models: [aModel({ name: "other" })] }), aTask(), 0)).toEqual(refused);
    const gone = aPool({ isConnected: false, lastSeenAt: 1_000 });
    expect(admit(gone, aTask(), 1_000 + DEFAULTS.agentSeenMs)).toMatchObject({ admitted: true });
    expect(admit(gone, aTask(), 1_001 + DEFAULTS.agentSeenMs)).toEqual(refused);
  });

  test("counts only tasks that the agents able to run it may serve before it", () => {
    const store = aPool({ freeSlots: 0 }, { agentId: "agent-b", models: [aModel({ name: "other" })], freeSlots: 0 });
    store.putItem(aWaitingItem({ taskId: "before", seq: 1 }));
    store.putItem(aWaitingItem({ taskId: "elsewhere", seq: 2, model: "other" }));
    expect(admit(store, aTask({ taskId: "new" }), 0)).toMatchObject({ queuePosition: 2, estimatedSeconds: 31 });
  });

  test("is refused with E003 when the queue is full, for all or for the user", () => {
    const store = aPool({ freeSlots: 0 });
    for (let n = 0; n < DEFAULTS.queueLimitPerUser; n++) store.putItem(aWaitingItem({ taskId: `task-${n}`, seq: n }));
    expect(admit(store, aTask(), 0)).toEqual({ admitted: false, reason: "QUEUE_FULL" });
    expect(admit(store, aTask({ userId: 1002 }), 0)).toMatchObject({ admitted: true });
    const full = { ...store, countWaiting: () => DEFAULTS.queueLimit };
    expect(admit(full, aTask({ userId: 1002 }), 0)).toEqual({ admitted: false, reason: "QUEUE_FULL" });
  });

  test("does not count a user's running, ending and cancelled tasks against their place in the queue", () => {
    const shard = new Shard();
    shard.connect("a", { slots: 64 });
    for (let n = 1; n <= 64; n++) shard.submit(aTask({ taskId: `first-${n}` }));
    for (let n = 1; n <= 99; n++) shard.submit(aTask({ taskId: `then-${n}` }));
    for (let n = 1; n <= 30; n++) shard.cancel(`first-${n}`);
    expect(admit(shard.store, aTask({ taskId: "new" }), shard.now)).toMatchObject({ admitted: true });
  });
});

describe("the speed of a kind of task", () => {
  test("is learned from what such tasks took, the newest counting most", () => {
    const store = createMemoryStore();
    const task = aTask({ work: 1e6 });
    learnSpeed(store, task, 1_000);
    expect(expectedMs(store, { ...task, work: 2e6 })).toBe(2_000);
    learnSpeed(store, task, 2_000);
    expect(expectedMs(store, task)).toBe(1_300);
  });

  test("is not learned from a clock that was set back", () => {
    const store = createMemoryStore();
    learnSpeed(store, aTask(), -5_000);
    learnSpeed(store, aTask(), 0);
    expect(store.getSpeed("TEXT2IMG|scene")).toBeNull();
  });
});
