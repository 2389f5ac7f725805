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

  test("are told what their owner earned once they have completed something, and of another day nothing", async () => {
    const read: number[] = [];
    const readEarnedToday = async (userId: number) => (read.push(userId), 7 * read.length);
    const { shard, standings, told } = surroundings({ readEarnedToday });
    shard.connect("a");
    const agent = shard.store.getAgent("a");
    if (agent) shard.store.putAgent({ ...agent, ownerId: 1002 });
    standings.changed();
    expect(told.get("a")).toMatchObject({ earnedToday: 0 });
    await standings.earn("a");
    vi.advanceTimersByTime(1_000);
    expect(told.get("a")).toMatchObject({ earnedToday: 7 });
    vi.setSystemTime(NOON + 86_400_000);
    standings.changed();
    expect(told.get("a")).toMatchObject({ earnedToday: 0 });
    expect(read).toEqual([1002]);
  });
});
