import { describe, expect, test } from "vitest";
import { OLD_MS } from "./next-task.ts";
import { onTaskRestated } from "./restated-task.ts";
import { aCompletion, aModel, aTask } from "../testing/builders.ts";
import { offersIn, Shard } from "../testing/shard.ts";

const [ME, YOU] = [1001, 1002];

/** An agent with one slot, and what it is given one after the other, each done after ten seconds. */
function serve(shard: Shard, agentId: string, count: number): string[] {
  const served: string[] = [];
  for (let n = 0; n < count; n++) {
    const [item] = shard.store.itemsOfAgent(agentId);
    if (item?.state !== "offered") break;
    served.push(item.taskId);
    shard.accept(agentId, item.attempt.id);
    shard.now += 10_000;
    shard.say(agentId, aCompletion(item.attempt.id));
    shard.say(agentId, { type: "ready", freeSlots: 1 });
  }
  return served;
}

function submit(shard: Shard, userId: number, name: string, count: number, over: Parameters<typeof aTask>[0] = {}): void {
  for (let n = 1; n <= count; n++) shard.submit(aTask({ taskId: `${name}-${n}`, userId, createTime: shard.now, ...over }));
}

describe("whose turn it is", () => {
  test("is the newcomer's, before the next of a user with many tasks", () => {
    const shard = new Shard();
    submit(shard, ME, "mine", 50);
    shard.connect("a");
    submit(shard, YOU, "yours", 1);
    expect(serve(shard, "a", 3)).toEqual(["mine-1", "yours-1", "mine-2"]);
  });

  test("changes between users who wait alike, and goes by weight between those who do not", () => {
    const shard = new Shard();
    submit(shard, ME, "mine", 20);
    submit(shard, YOU, "yours", 20, { vip: { level: 3, until: null } });
    shard.connect("a");
    const served = serve(shard, "a", 20).map((taskId) => taskId.split("-")[0]);
    expect(served.filter((name) => name === "yours")).toHaveLength(16);
    expect(served.slice(0, 7)).toContain("mine");
  });

  test("goes by the weight that a user has now: of who becomes a VIP while tasks wait, and of who is one no more", () => {
    const vip = { level: 3, until: null };
    for (const [before, after, share] of [
      [null, vip, 16],
      [vip, null, 10],
    ] as const) {
      const shard = new Shard();
      submit(shard, ME, "mine", 20);
      submit(shard, YOU, "yours", 20, before ? { vip: before } : {});
      onTaskRestated(shard.store, aTask({ taskId: "yours-1", userId: YOU, ...(after && { vip: after }) }), shard.clock);
      shard.connect("a");
      expect(serve(shard, "a", 20).filter((taskId) => taskId.startsWith("yours"))).toHaveLength(share);
    }
  });

  test("goes by the newest word on a user, which a submission brings too", () => {
    const shard = new Shard();
    submit(shard, ME, "mine", 20);
    submit(shard, YOU, "yours", 19);
    submit(shard, YOU, "more of yours", 1, { vip: { level: 3, until: null } });
    shard.connect("a");
    expect(serve(shard, "a", 20).filter((taskId) => taskId.includes("yours"))).toHaveLength(16);
  });

  test("is not lost by an offer that was refused", () => {
    const shard = new Shard();
    submit(shard, ME, "mine", 2);
    submit(shard, YOU, "yours", 1);
    shard.connect("a");
    shard.say("a", { type: "rejected", attemptId: "attempt-1", reason: "no" });
    shard.say("a", { type: "ready", freeSlots: 1 });
    expect(shard.store.shareOf(ME).usage).toBeGreaterThan(0);
    expect(shard.state("mine-1")).toBe("offered");
    expect(shard.store.shareOf(YOU).usage).toBe(0);
  });

  test("is the oldest task's now and then, whoever's it is, once it has waited ten minutes", () => {
    const shard = new Shard();
    shard.connect("a");
    submit(shard, ME, "mine", 5);
    shard.store.setUsage(ME, 1e9);
    shard.now += OLD_MS;
    submit(shard, YOU, "yours", 30);
    const served = serve(shard, "a", 25);
    expect(served.filter((taskId) => taskId.startsWith("mine"))).toHaveLength(3 + 1);
  });
});

test("the oldest task's turn comes on each agent, whatever others start meanwhile", () => {
  const shard = new Shard();
  shard.connect("a");
  shard.connect("b", { models: [aModel({ name: "other" })] });
  submit(shard, ME, "mine", 3);
  submit(shard, ME, "mine-too", 3, { model: "other" });
  shard.store.setUsage(ME, 1e9);
  shard.now += OLD_MS;
  submit(shard, YOU, "yours", 30);
  submit(shard, YOU, "yours-too", 30, { model: "other" });
  const served = Array.from({ length: 20 }, () => [...serve(shard, "a", 1), ...serve(shard, "b", 1)]);
  // One each before the others came, and then every eighth.
  expect(served.map(([onA]) => onA).filter((taskId) => taskId?.startsWith("mine-"))).toHaveLength(1 + 2);
  expect(served.map(([, onB]) => onB).filter((taskId) => taskId?.startsWith("mine-too-"))).toHaveLength(1 + 2);
});

describe("a user's cap", () => {
  test("leaves a slot open rather than give one user more, and lets the next run when one has ended", () => {
    const shard = new Shard({ runningPerUser: 2 });
    shard.connect("a", { slots: 4 });
    submit(shard, ME, "mine", 4);
    expect(shard.store.shareOf(ME)).toMatchObject({ running: 2, waiting: 2 });
    submit(shard, YOU, "yours", 1);
    expect(shard.state("yours-1")).toBe("offered");
    shard.accept("a", "attempt-1");
    expect(offersIn(shard.say("a", aCompletion("attempt-1")))).toEqual(["mine-3@a"]);
  });

  test("that is no longer reached lets a task start on another agent too", () => {
    const shard = new Shard({ runningPerUser: 1 });
    shard.connect("a");
    shard.connect("b", { models: [aModel({ name: "other" })] });
    submit(shard, ME, "mine", 1);
    submit(shard, ME, "else", 1, { model: "other" });
    shard.accept("a", "attempt-1");
    expect(shard.state("else-1")).toBe("waiting");
    expect(offersIn(shard.say("a", aCompletion("attempt-1")))).toEqual(["else-1@b"]);
  });

  test("does not count on the user's own boxes", () => {
    const shard = new Shard({ runningPerUser: 1 });
    shard.connect("a", { slots: 2 });
    shard.connect("mine", { slots: 2, ownerId: ME });
    submit(shard, ME, "task", 4);
    expect(shard.store.itemsOfAgent("mine")).toHaveLength(2);
    expect(shard.store.itemsOfAgent("a")).toHaveLength(0);
  });
});

describe("an owner's box", () => {
  test("takes its owner's tasks first when it is told to, though others wait longer", () => {
    const shard = new Shard();
    submit(shard, YOU, "yours", 2);
    submit(shard, ME, "mine", 1);
    shard.connect("a", { ownerId: ME, ownTasks: "first" });
    expect(serve(shard, "a", 3)).toEqual(["mine-1", "yours-1", "yours-2"]);
  });

  test("takes nobody else's when it is told so, and is nobody's to wait for", () => {
    const shard = new Shard();
    shard.connect("a", { ownerId: ME, ownTasks: "only" });
    expect(shard.admit(aTask({ userId: YOU }))).toEqual({ admitted: false, reason: "NO_GPU" });
    submit(shard, YOU, "yours", 1);
    expect(shard.state("yours-1")).toBe("waiting");
    expect(shard.admit(aTask({ userId: ME }))).toMatchObject({ admitted: true, queuePosition: 0 });
    submit(shard, ME, "mine", 1);
    expect(shard.state("mine-1")).toBe("offered");
  });

  test("is asked before a stranger's by its owner's tasks", () => {
    const shard = new Shard();
    shard.connect("a", { slots: 3 });
    shard.connect("mine", { ownerId: ME });
    submit(shard, ME, "task", 1);
    expect(shard.store.itemsOfAgent("mine")).toHaveLength(1);
  });
});

test("a task is offered only where its frames and features are served", () => {
  const shard = new Shard();
  const video = { type: "TEXT2VIDEO", frames: 64 } as const;
  shard.connect("short", { models: [aModel({ types: ["TEXT2VIDEO"], maxFrames: 63 })] });
  submit(shard, ME, "video", 1, video);
  expect(shard.state("video-1")).toBe("waiting");
  expect(offersIn(shard.connect("long", { models: [aModel({ types: ["TEXT2VIDEO"], maxFrames: 64 })] }))).toEqual(["video-1@long"]);

  const pose = { type: "POSE", features: ["pose:DEPTH"] } as const;
  shard.connect("canny", { models: [aModel({ types: ["POSE"], features: ["pose:CANNY"] })] });
  submit(shard, ME, "pose", 1, pose);
  expect(shard.state("pose-1")).toBe("waiting");
  const able = aModel({ types: ["POSE"], features: ["pose:CANNY", "pose:DEPTH"] });
  expect(offersIn(shard.connect("depth", { models: [able] }))).toEqual(["pose-1@depth"]);
  // What a model does not say, it does not limit.
  shard.connect("silent", { models: [aModel({ types: ["POSE"] })] });
  submit(shard, ME, "another", 1, pose);
  expect(shard.state("another-1")).toBe("offered");
});
