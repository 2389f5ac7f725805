import { expect, test } from "vitest";
import { aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";
import { tidy } from "./tidy.ts";

const DAY = 24 * 3_600_000;

test("agents that have been gone for a week are forgotten, but not one that is here or is still waited for", () => {
  const shard = new Shard();
  for (const agentId of ["here", "gone", "late", "waited-for"]) shard.connect(agentId);
  shard.gone("gone");
  shard.now += DAY;
  shard.gone("late");
  shard.say("here", { type: "ready", freeSlots: 0 });
  shard.submit(aTask({ createTime: shard.now }));
  shard.accept("waited-for", "attempt-1");
  shard.gone("waited-for");
  shard.now += 7 * DAY;
  tidy(shard.store, shard.clock);
  expect(shard.store.listAgents().map(({ agentId }) => agentId)).toEqual(["here", "late", "waited-for"]);
});

test("what a user was given is forgotten once it has faded to nothing", () => {
  const shard = new Shard();
  shard.connect("a");
  shard.submit(aTask({ userId: 1001, createTime: shard.now }));
  shard.cancel("task-1");
  shard.say("a", { type: "stopped", attemptId: "attempt-1" });
  expect(shard.store.shareOf(1001).usage).toBeGreaterThan(0);
  shard.now += 3_600_000;
  tidy(shard.store, shard.clock);
  expect(shard.store.shareOf(1001).usage).toBeGreaterThan(0);
  shard.now += DAY;
  tidy(shard.store, shard.clock);
  expect(shard.store.shareOf(1001)).toEqual({ waiting: 0, running: 0, usage: 0 });
});
