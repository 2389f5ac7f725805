import { describe, expect, test } from "vitest";
import { aCompletion, aFailure, aModel, anAgent, aTask } from "../testing/builders.ts";
import { Random } from "../testing/random.ts";
import { Shard } from "../testing/shard.ts";
import { isQuarantined } from "./quarantine.ts";

const RUN_MS = 20_000;
const SHORTEST_REST_MS = 30_000;
const BAD_USER = 666;
const MODELS = ["red", "blue"];

interface Boxes {
  /** Whether a box can do that user's tasks. */
  can: (agentId: string, userId: number) => boolean;
  agents: readonly string[];
}

/** A shard second by second: every agent runs what it is given for 20 s, and completes it or not. */
class Day {
  readonly shard = new Shard();
  /** By task: how long it waited for its first start. */
  readonly waits = new Map<string, number>();
  /** By agent: tasks that it failed. */
  readonly failed = new Map<string, Set<string>>();
  readonly #boxes: Boxes;
  readonly #submittedAt = new Map<string, { at: number; userId: number }>();
  #tasks = 0;

  constructor(boxes: Boxes) {
    this.#boxes = boxes;
    for (const agentId of boxes.agents) this.shard.connect(agentId, { models: MODELS.map((name) => aModel({ name })) });
  }

  submit(userId: number, model: string): void {
    const taskId = `task-${++this.#tasks}`;
    this.#submittedAt.set(taskId, { at: this.shard.now, userId });
    this.shard.submit(aTask({ taskId, userId, model, createTime: this.shard.now }));
  }

  waitingOf(userId: number): number {
    return this.shard.store.shareOf(userId).waiting;
  }

  longestWait(of: (userId: number) => boolean): number {
    const waits = [...this.#submittedAt].filter(([, { userId }]) => of(userId));
    return Math.max(...waits.map(([taskId, { at }]) => this.waits.get(taskId) ?? this.shard.now - at));
  }

  second(): void {
    const { shard } = this;
    shard.tick(1_000, [...this.#boxes.agents]);
    for (const agentId of this.#boxes.agents) {
      for (const item of shard.store.itemsOfAgent(agentId)) {
        if (item.state === "offered") {
          const submitted = this.#submittedAt.get(item.taskId)?.at ?? 0;
          if (!this.waits.has(item.taskId)) this.waits.set(item.taskId, shard.now - submitted);
          shard.accept(agentId, item.attempt.id);
        } else if (item.state === "running" && shard.now - item.startedAt >= RUN_MS) {
          this.#end(agentId, item.taskId, item.attempt.id, item.userId);
        }
      }
    }
  }

  #end(agentId: string, taskId: string, attemptId: string, userId: number): void {
    const isAble = this.#boxes.can(agentId, userId);
    if (!isAble) this.failed.set(agentId, (this.failed.get(agentId) ?? new Set()).add(taskId));
    this.shard.say(agentId, isAble ? aCompletion(attemptId) : aFailure(attemptId));
    if (this.shard.state(taskId) === "ending") this.shard.store.deleteItem(taskId);
    this.shard.say(agentId, { type: "ready", freeSlots: 1 });
  }
}

describe("a user whose tasks nobody can do", () => {
  test.each([1, 2, 3])("keeps others waiting for one task and the shortest rest at most, on %i agents", (boxes) => {
    const agents = ["a", "b", "c"].slice(0, boxes);
    for (const seed of [1, 2, 3]) {
      const day = new Day({ agents, can: (_, userId) => userId !== BAD_USER });
      const random = new Random(seed);
      let next = 0;
      for (let second = 0; second < 7_200; second++) {
        while (day.waitingOf(BAD_USER) < 5) day.submit(BAD_USER, random.pick(MODELS));
        if (second >= next) {
          // Seldom: an agent that completes something in between would never rest.
          day.submit(1001, random.pick(MODELS));
          next = second + 200 + random.below(400);
        }
        day.second();
      }
      expect(day.failed.size).toBeGreaterThan(0);
      expect(day.longestWait((userId) => userId === 1001)).toBeLessThanOrEqual(RUN_MS + SHORTEST_REST_MS + 2_000);
    }
  });
});

describe("a broken agent of one user's fleet", () => {
  test.each([
    ["alone", ["broken"], 6],
    ["beside a sound one", ["broken", "sound"], 6],
  ])("%s rests as a whole after a few failures, and is tried with one task at a time until it works", (_, agents, limit) => {
    let isRepaired = false;
    const day = new Day({ agents, can: (agentId) => agentId === "sound" || isRepaired });
    const isResting = () => isQuarantined(day.shard.store.getAgent("broken") ?? anAgent());
    const random = new Random(4);
    const run = (seconds: number, until = () => false) => {
      for (let second = 0; second < seconds && !until(); second++) {
        while (day.waitingOf(1001) < 3) day.submit(1001, random.pick(MODELS));
        day.second();
      }
    };
    run(3_600, isResting);
    expect(isResting()).toBe(true);
    const failed = day.failed.get("broken")?.size ?? 0;
    expect(failed).toBeLessThanOrEqual(limit);
    run(600);
    // Each try is a rest and a run: no more of them fit.
    expect((day.failed.get("broken")?.size ?? 0) - failed).toBeLessThanOrEqual(600_000 / (SHORTEST_REST_MS + RUN_MS));
    isRepaired = true;
    run(300 + 60, () => day.shard.store.getAgent("broken")?.trouble === undefined);
    expect(day.shard.store.getAgent("broken")).not.toHaveProperty("trouble");
  });
});
