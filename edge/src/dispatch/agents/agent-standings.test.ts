import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AgentStandings, type AgentStandingsDeps } from "./agent-standings.ts";
import type { Standing } from "../views/standing.ts";
import { aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";

const NOON = Date.UTC(2026, 5, 15, 12);

beforeEach(() => void vi.useFakeTimers({ now: NOON }));
afterEach(() => void vi.useRealTimers());

function surroundings(over: Partial<AgentStandingsDeps> = {}) {
  const shard = new Shard();
  const told = new Map<string, Standing>();
  const sent: string[] = [];
  const standings = new AgentStandings({
    store: shard.store,
    connectedAgents: () => shard.store.listAgents().flatMap((agent) => (agent.isConnected ? [agent.agentId] : [])),
    send: (agentId, message) => void sent.push(`${agentId} ${message.type === "standing" ? message.waitingTasks : message.type}`),
    toldOf: (agentId) => told.get(agentId) ?? null,
    setTold: (agentId, standing) => void told.set(agentId, standing),
    words: (reason) => reason,
    readEarnedToday: null,
    now: () => Date.now(),
    ...over,
  });
  return { shard, standings, sent, told };
}

describe("agents", () => {
  test("are told at once, and then once a second however much happens", () => {
    const { shard, standings, sent } = surroundings();
    shard.connect("a", { slots: 1 });
    standings.changed();
    expect(sent).toEqual(["a 0"]);
    for (let n = 0; n < 20; n++) {
      shard.submit(aTask({ taskId: `task-${n}`, model: "other" }));
      standings.changed();
    }
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual(["a 0", "a 20"]);
  });

  test("are told nothing when nothing has changed, or nothing happens", () => {
    const { shard, standings, sent } = surroundings();
    shard.connect("a");
    standings.changed();
    vi.advanceTimersByTime(5_000);
    standings.changed();
    vi.advanceTimersByTime(3_600_000);
    expect(sent).toEqual(["a 0"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  /** Agent `a` of owner 1002, who earns 7 more each time that it is read. */
  function withEarnings() {
    const read: number[] = [];
    const readEarnedToday = async (userId: number) => (read.push(userId), 7 * read.length);
    const made = surroundings({ readEarnedToday });
    made.shard.connect("a", { ownerId: 1002 });
    return { ...made, read, readEarnedToday };
  }

  test("are told what their owner earned once it has been read, and on another day nothing until it is read again", async () => {
    const { standings, told, read } = withEarnings();
    standings.changed();
    expect(told.get("a")).not.toHaveProperty("earnedToday");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.get("a")).toMatchObject({ earnedToday: 7 });
    await standings.earn("a");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.get("a")).toMatchObject({ earnedToday: 14 });
    vi.setSystemTime(NOON + 86_400_000);
    standings.changed();
    expect(told.get("a")).toMatchObject({ earnedToday: 0 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([told.get("a")?.earnedToday, read]).toEqual([21, [1002, 1002, 1002]]);
  });

  test("are told nothing else about earnings by an object that was evicted, until it has read them", async () => {
    const { standings, told, shard, sent } = withEarnings();
    standings.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.get("a")).toMatchObject({ earnedToday: 7 });
    const later = surroundings({
      store: shard.store,
      readEarnedToday: () => Promise.reject(new Error("D1 is away")),
      connectedAgents: () => ["a"],
      toldOf: (agentId) => told.get(agentId) ?? null,
      setTold: (agentId, standing) => void told.set(agentId, standing),
    });
    vi.spyOn(console, "warn").mockImplementation(() => {});
    sent.length = 0;
    shard.submit(aTask({ model: "other" }));
    later.standings.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.get("a")).toMatchObject({ earnedToday: 7, waitingTasks: 1 });
  });
});
