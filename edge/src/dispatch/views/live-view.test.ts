import { expect, test } from "vitest";
import { viewItem } from "./live-view.ts";
import { aModel, aTask } from "../testing/builders.ts";
import { Shard } from "../testing/shard.ts";

test("a waiting task says what it waits for", () => {
  const shard = new Shard();
  const view = (taskId: string) => {
    const item = shard.store.getItem(taskId);
    if (!item) throw new Error("not on the list");
    return viewItem(shard.store, item, undefined, shard.clock);
  };
  shard.connect("other", { models: [aModel({ name: "another" })] });
  for (const taskId of ["task-1", "task-2", "task-3"]) shard.submit(aTask({ taskId, createTime: shard.now }));
  expect(view("task-1")).toEqual({ queuePosition: 1, waitingFor: { code: "CAPABLE_AGENT" } });

  shard.connect("a");
  expect(view("task-1")).toEqual({ queuePosition: 0, waitingFor: { code: "AGENT_ANSWER" } });
  shard.accept("a", "attempt-1");
  expect(view("task-1")).toEqual({ progress: { phase: "queued", step: 0, totalSteps: 0 } });
  expect(view("task-2")).toEqual({ queuePosition: 1, waitingFor: { code: "FREE_SLOT" } });
  expect(view("task-3")).toEqual({ queuePosition: 2, waitingFor: { code: "TASKS_AHEAD", tasks: 1 } });
});
