import { expect, test } from "vitest";
import { viewItem } from "./live-view.ts";
import { aModel, aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";

function viewIn(shard: Shard, taskId: string) {
  const item = shard.store.getItem(taskId);
  if (!item) throw new Error("not on the list");
  return viewItem(shard.store, item, undefined, shard.clock);
}

test("a task that waits for more memory says how much, and how much there is for it", () => {
  const shard = new Shard();
  const ofMemory = (gigabytes: number) => [aModel({ memoryBytes: gigabytes * 2 ** 30 })];
  shard.connect("small", { models: ofMemory(8) });
  shard.connect("larger", { models: ofMemory(16) });
  shard.connect("somebody's", { models: ofMemory(20), ownTasks: "only", ownerId: 1002 });
  shard.hello("gone", { models: ofMemory(22) });
  shard.gone("gone");
  shard.submit(aTask({ memoryBytes: 24 * 2 ** 30 }));
  const memory = { neededBytes: 24 * 2 ** 30, largestBytes: 16 * 2 ** 30 };
  expect(viewIn(shard, "task-1")).toMatchObject({ waitingFor: { code: "CAPABLE_AGENT", memory } });
});

test("a waiting task says what it waits for", () => {
  const shard = new Shard();
  const view = (taskId: string) => viewIn(shard, taskId);
  shard.connect("other", { models: [aModel({ name: "another" })] });
  for (const taskId of ["task-1", "task-2", "task-3"]) shard.submit(aTask({ taskId, createTime: shard.now }));
  expect(view("task-1")).toEqual({ queuePosition: 1, waitingFor: { code: "CAPABLE_AGENT" } });

  shard.connect("a");
  expect(view("task-1")).toEqual({ queuePosition: 0, waitingFor: { code: "AGENT_ANSWER" } });
  shard.accept("a", "attempt-1");
  expect(view("task-1")).toMatchObject({ progress: { phase: "queued", step: 0, totalSteps: 0 } });
  expect(view("task-2")).toEqual({ queuePosition: 1, waitingFor: { code: "FREE_SLOT" } });
  expect(view("task-3")).toEqual({ queuePosition: 2, waitingFor: { code: "TASKS_AHEAD", tasks: 1 } });
});
