import { describe, expect, test } from "vitest";
import { isNews, type Standing, standingOf } from "./standing.ts";
import { aModel, aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";

const words = (reason: string) => reason.toLowerCase();
const of = (shard: Shard, earned?: number) => standingOf(shard.store, "a", words, earned);

describe("an agent's standing", () => {
  test("says why it gets no work, and how much waits", () => {
    const shard = new Shard();
    shard.connect("a", { models: [aModel({ name: "other" })] });
    expect(of(shard)).toEqual({ type: "standing", state: "serving", idleBecause: "nothing_waits", waitingTasks: 0 });
    shard.submit(aTask());
    expect(of(shard)).toEqual({ type: "standing", state: "serving", idleBecause: "nothing_it_can_run", waitingTasks: 1 });
  });

  test("gives no reason while it works, and what its owner earned where owners earn", () => {
    const shard = new Shard();
    shard.connect("a");
    shard.submit(aTask());
    expect(of(shard, 0)).toEqual({ type: "standing", state: "serving", waitingTasks: 0, earnedToday: 0 });
  });

  test.each([
    ["paused", "paused"],
    ["draining", "drained"],
  ] as const)("says that it is %s", (intake, reason) => {
    const shard = new Shard();
    shard.connect("a");
    const agent = shard.store.getAgent("a");
    if (agent) shard.store.putAgent({ ...agent, intake });
    expect(of(shard)).toMatchObject({ state: intake, idleBecause: reason });
  });

  test("is none of one that is not connected, or not known", () => {
    const shard = new Shard();
    expect(of(shard)).toBeNull();
    shard.connect("a");
    shard.gone("a");
    expect(of(shard)).toBeNull();
  });
});

describe("news for an agent", () => {
  const standing = (over: Partial<Standing> = {}): Standing => ({ type: "standing", state: "serving", waitingTasks: 100, ...over });

  test("is the first standing, and each other state, reason or earning", () => {
    expect(isNews(null, standing())).toBe(true);
    expect(isNews(standing(), standing())).toBe(false);
    for (const over of [{ state: "paused" as const }, { idleBecause: "x" }, { earnedToday: 1 }])
      expect(isNews(standing(), standing(over))).toBe(true);
  });

  test.each([
    [0, 1, true],
    [1, 0, true],
    [1, 2, true],
    [100, 110, false],
    [100, 111, true],
    [100, 89, true],
  ])("of a queue is that it is empty, is not any more, or is another tenth long: %i to %i is %s", (before, after, expected) => {
    expect(isNews(standing({ waitingTasks: before }), standing({ waitingTasks: after }))).toBe(expected);
  });
});
