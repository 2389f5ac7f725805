import { DEFAULTS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { createMemoryStore } from "../queue/memory-store.ts";
import { hashOf, shardOfAgent } from "./pools.ts";
import { ShardSummaries } from "./shard-summaries.ts";
import { rankShards, type ShardSummary, summarise } from "./shard-summary.ts";
import { aModel, anAgent, aTask } from "../testing/builders.ts";

const PUBLIC = { pool: "public", shard: 0 };
const SCENE = [aModel()];
const OTHER = [aModel({ name: "other" })];

/** Shard `n` with that much waiting for agents with these models, each with that many slots. */
const aSummary = (shard: number, waiting: number, ...offers: [models: typeof SCENE, slots: number][]): ShardSummary => ({
  pool: "public",
  shard,
  waiting,
  offers: offers.map(([models, slots]) => ({ agent: anAgent({ models }), slots })),
});
const ranked = (summaries: ShardSummary[], taskId = "task-1") => rankShards(summaries, aTask({ taskId })).map(({ shard }) => shard);

describe("a task goes to", () => {
  test("the shards with an agent for it first, and then to the others", () => {
    const [first, ...others] = ranked([aSummary(0, 0, [OTHER, 8]), aSummary(1, 50, [SCENE, 1]), aSummary(2, 0)]);
    expect(first).toBe(1);
    expect(new Set(others)).toEqual(new Set([0, 2]));
  });

  test("the one with least waiting for each slot that can serve it first", () => {
    expect(ranked([aSummary(0, 10, [SCENE, 2]), aSummary(1, 20, [SCENE, 8]), aSummary(2, 6, [SCENE, 1], [OTHER, 9])])).toEqual([1, 0, 2]);
  });

  test("each in turn while they are equal", () => {
    const equal = [aSummary(0, 0, [SCENE, 1]), aSummary(1, 0, [SCENE, 1]), aSummary(2, 0, [SCENE, 1])];
    const firsts = Array.from({ length: 300 }, (_, n) => ranked(equal, `t2i_20241002_${String(n).padStart(12, "0")}`)[0]);
    for (const shard of [0, 1, 2]) expect(firsts.filter((first) => first === shard).length).toBeGreaterThan(60);
  });
});

describe("a summary", () => {
  const summaryOf = (...agents: Parameters<typeof anAgent>[0][]) => {
    const store = createMemoryStore();
    agents.forEach((agent, n) => store.putAgent(anAgent({ agentId: `a${n}`, ...agent })));
    return summarise(store, PUBLIC, 100_000);
  };

  test("counts on agents that rest from a model: others of their kind do not, and they will be back", () => {
    const resting = { scene: { rests: 1, until: 130_000, reason: "it does not load" } };
    const summary = { ...summaryOf({ modelTrouble: resting }, {}), shard: 1 };
    expect(ranked([aSummary(0, 0), summary])).toEqual([1, 0]);
  });

  test("has agents that offer the same as one, with their slots together", () => {
    const { offers } = summaryOf({ slots: 2, models: SCENE }, { slots: 3, models: SCENE }, { slots: 1, models: OTHER });
    expect(offers.map(({ agent, slots }) => [agent.models[0]?.name, slots])).toEqual([
      ["scene", 5],
      ["other", 1],
    ]);
  });

  test("leaves out agents that are told to take nothing, or were gone for a minute", () => {
    const justGone = { isConnected: false, lastSeenAt: 100_000 - DEFAULTS.agentSeenMs };
    expect(summaryOf({ intake: "paused" }, { ...justGone, lastSeenAt: justGone.lastSeenAt - 1 }).offers).toEqual([]);
    expect(summaryOf(justGone).offers).toHaveLength(1);
  });
});

test("an agent keeps its shard, and agents are spread over all of them", () => {
  const counts = new Map([["public", 4]]);
  const shards = Array.from({ length: 400 }, (_, n) => shardOfAgent(counts, "public", `${n}.box-${hashOf(String(n))}`).shard);
  expect(shards).toEqual(Array.from({ length: 400 }, (_, n) => shardOfAgent(counts, "public", `${n}.box-${hashOf(String(n))}`).shard));
  for (const shard of [0, 1, 2, 3]) expect(shards.filter((one) => one === shard).length).toBeGreaterThan(60);
  expect(shardOfAgent(counts, "owner-7", "1.box")).toEqual({ pool: "owner-7", shard: 0 });
});

describe("the summaries of a pool", () => {
  test("are read at most once a second, by all who ask", async () => {
    const summaries = new ShardSummaries();
    let reads = 0;
    const ask = (now: number, pool = "public") =>
      summaries.of(pool, now, async () => {
        reads++;
        return [];
      });
    await Promise.all([ask(0), ask(0), ask(999)]);
    expect(reads).toBe(1);
    await ask(1_000);
    expect(reads).toBe(2);
    await ask(1_000, "owner-7");
    expect(reads).toBe(3);
  });

  test("that could not be read are read again", async () => {
    const summaries = new ShardSummaries();
    await expect(summaries.of("public", 0, () => Promise.reject(new Error("away")))).rejects.toThrow("away");
    expect(await summaries.of("public", 1, async () => [aSummary(0, 0)])).toHaveLength(1);
  });
});
