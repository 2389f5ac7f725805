import type { QueueClock } from "../queue/clock.ts";
import type { History } from "../duties/history.ts";
import type { LeftTasks } from "../queue/left-tasks.ts";
import type { Shard } from "../shards/pools.ts";
import { compare, endedAmong, toAskFor } from "./reconcile.ts";
import { onTaskRestated } from "../queue/restated-task.ts";
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

/**
 * Puts the live tasks of D1 on the work list that are not there, ends those that nobody can read, takes off what waits here though it
 * has ended, and learns what of users and models is otherwise now. May be repeated.
 */
export async function takeUp(deps: SweepDeps, shard: Shard, createdBefore: number): Promise<void> {
  const { store, history, apply, clock, left, hasDuties } = deps;
  const { forgotten, unreadable, restated, over } = await compare(history, store, shard, createdBefore);
  for (const { task, attempt, startTime } of forgotten) {
    if (!left.has(task.taskId, clock().now)) apply(onTaskFound(store, task, attempt, startTime, clock()));
  }
  for (const taskId of unreadable) if (!hasDuties(taskId)) apply([failUnreadable(taskId, clock().now)]);
  for (const task of restated) apply(onTaskRestated(store, task, clock()));
  await takeOff(deps, over);
}

/** Stops what D1 has ended without a word to this object, and takes off what it has ended of what waits. May be repeated. */
export const stopEnded = (deps: SweepDeps): Promise<void> => takeOff(deps, toAskFor(deps.store));

async function takeOff({ store, history, apply, clock }: SweepDeps, taskIds: readonly string[]): Promise<void> {
  for (const taskId of await endedAmong(history, taskIds)) apply(onTaskCancelled(store, taskId, clock()));
}
