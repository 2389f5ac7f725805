import type { ProgressMessage } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import { PAUSE_MS, ProgressFeed, UNWATCHED_MS } from "./progress-feed.ts";

function step(currentStep: number): ProgressMessage {
  return { type: "progress", taskId: "t", progress: 0, currentStep, totalSteps: 9, message: "", phase: "sampling", attempt: 1 };
}

/** A hub that answers when the test says so, and a clock that passes only while the feed pauses. */
function surroundings({ answersAtOnce = true } = {}) {
  const calls: { step: number; answer: (listeners: number) => void; fail: () => void }[] = [];
  const told: string[] = [];
  const world = { now: 0, listeners: 1, paused: 0 };
  const feed = new ProgressFeed({
    publish: (_userId, { currentStep }) =>
      new Promise((resolve, reject) => {
        calls.push({ step: currentStep, answer: (listeners) => resolve({ listeners }), fail: () => reject(new Error("cut")) });
        if (answersAtOnce) resolve({ listeners: world.listeners });
      }),
    watch: (agentId, attemptId, watching) => void told.push(`${agentId} ${attemptId} ${watching}`),
    pause: async (ms) => {
      world.paused += ms;
    },
    now: () => world.now,
  });
  const say = (number: number) => feed.say("a-1", "agent", 7, step(number));
  return { feed, calls, told, world, say, steps: () => calls.map((call) => call.step) };
}

test("one call is under way at a time, and the next one brings the newest, a little later", async () => {
  const { calls, say, steps, world } = surroundings({ answersAtOnce: false });
  const saying = say(1);
  for (const number of [2, 3]) void say(number);
  expect(steps()).toEqual([1]);
  calls[0]!.answer(1);
  await expect.poll(steps).toEqual([1, 3]);
  expect(world.paused).toBe(PAUSE_MS);
  calls[1]!.answer(1);
  await saying;
});

test("nothing is said while nobody looks, until the hub says that somebody does", async () => {
  const { feed, say, steps, world } = surroundings();
  world.listeners = 0;
  await say(1);
  await say(2);
  expect(steps()).toEqual([1]);
  world.listeners = 1;
  feed.watched("a-1", "agent", 7);
  await say(3);
  expect(steps()).toEqual([1, 3]);
});

test("that nobody looks is asked again, so that a lost word does not last", async () => {
  const { say, steps, world } = surroundings();
  world.listeners = 0;
  await say(1);
  world.now = UNWATCHED_MS;
  world.listeners = 1;
  await say(2);
  await say(3);
  expect(steps()).toEqual([1, 2, 3]);
});

test("the agent is told when somebody begins to look and when nobody does any more, once each", async () => {
  const { feed, say, told, world } = surroundings();
  await say(1);
  await say(2);
  world.listeners = 0;
  await say(3);
  await say(4);
  feed.watched("a-1", "agent", 7);
  feed.watched("a-1", "agent", 7);
  expect(told).toEqual(["agent a-1 true", "agent a-1 false", "agent a-1 true"]);
});

test("an agent that came back is told again", async () => {
  const { feed, say, told } = surroundings();
  await say(1);
  feed.agentCameBack("agent");
  await say(2);
  expect(told).toEqual(["agent a-1 true", "agent a-1 true"]);
});

test("a hub that fails is told the next step", async () => {
  const { calls, say, steps } = surroundings({ answersAtOnce: false });
  const first = say(1);
  calls[0]!.fail();
  await first;
  const second = say(2);
  calls[1]!.answer(1);
  await second;
  expect(steps()).toEqual([1, 2]);
});

test("an attempt that is over says nothing more, and a call that was under way changes nothing", async () => {
  const { feed, calls, told, say, steps } = surroundings({ answersAtOnce: false });
  const saying = say(1);
  void say(2);
  feed.forget("a-1");
  calls[0]!.answer(1);
  await saying;
  expect(steps()).toEqual([1]);
  expect(told).toEqual([]);
});
