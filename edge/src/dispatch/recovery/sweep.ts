import type { QueueClock } from "../queue/clock.ts";
import type { History } from "../duties/history.ts";
import type { LeftTasks } from "../queue/left-tasks.ts";
import type { Shard } from "../shards/pools.ts";
import { findEnded, findForgotten } from "./reconcile.ts";
import type { DispatchStore } from "../queue/store.ts";
import { failUnreadable, onTaskCancelled, onTaskFound } from "../queue/task-events.ts";
import type { Effect } from "../queue/types.ts";

export interface SweepDeps {
  store: DispatchStore;
  history: Pick<History, "findLive" | "findEnded">;
  apply: (effects: Effect[]) => void;
  clock: () => QueueClock;
  left: LeftTasks;
  /** Whether something about the task is still on its way to D1. */
  hasDuties: (taskId: string) => boolean;
}

/** Puts the live tasks of D1 on the work list that are not there, and ends those that nobody can read. May be repeated. */
export async function takeUp(deps: SweepDeps, shard: Shard, createdBefore: number): Promise<void> {
  const { store, history, apply, clock, left, hasDuties } = deps;
  const { tasks, unreadable } = await findForgotten(history, store, shard, createdBefore);
  for (const { task, attempt, startTime } of tasks) {
    if (!left.has(task.taskId, clock().now)) apply(onTaskFound(store, task, attempt, startTime, clock()));
  }
  for (const taskId of unreadable) if (!hasDuties(taskId)) apply([failUnreadable(taskId, clock().now)]);
}

/** Stops what D1 has ended without a word to this object. May be repeated. */
export async function stopEnded({ store, history, apply, clock }: SweepDeps): Promise<void> {
  for (const taskId of await findEnded(history, store)) apply(onTaskCancelled(store, taskId, clock()));
}
