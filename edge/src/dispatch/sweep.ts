import type { QueueClock } from "./clock.ts";
import type { History } from "./history.ts";
import type { LeftTasks } from "./left-tasks.ts";
import type { Shard } from "./pools.ts";
import { findEnded, findForgotten } from "./reconcile.ts";
import type { DispatchStore } from "./store.ts";
import { onTaskCancelled, onTaskFound } from "./task-events.ts";
import type { Effect } from "./types.ts";

export interface SweepDeps {
  store: DispatchStore;
  history: Pick<History, "findLive" | "findEnded">;
  apply: (effects: Effect[]) => void;
  clock: () => QueueClock;
  left: LeftTasks;
}

/** Puts the live tasks of D1 on the work list that are not there. May be repeated. */
export async function takeUp({ store, history, apply, clock, left }: SweepDeps, shard: Shard, createdBefore: number): Promise<void> {
  for (const { task, attempt, startTime } of await findForgotten(history, store, shard, createdBefore)) {
    if (!left.has(task.taskId, clock().now)) apply(onTaskFound(store, task, attempt, startTime, clock()));
  }
}

/** Stops what D1 has ended without a word to this object. May be repeated. */
export async function stopEnded({ store, history, apply, clock }: SweepDeps): Promise<void> {
  for (const taskId of await findEnded(history, store)) apply(onTaskCancelled(store, taskId, clock()));
}
