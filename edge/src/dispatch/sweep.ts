import type { QueueClock } from "./clock.ts";
import type { History } from "./history.ts";
import { findEnded, findForgotten } from "./reconcile.ts";
import type { DispatchStore } from "./store.ts";
import { onTaskCancelled, onTaskFound } from "./task-events.ts";
import type { Effect } from "./types.ts";

export interface SweepDeps {
  store: DispatchStore;
  history: Pick<History, "findLive" | "findEnded">;
  apply: (effects: Effect[]) => void;
  clock: () => QueueClock;
}

/** Puts the live tasks of D1 on the work list that are not there. May be repeated. */
export async function takeUp({ store, history, apply, clock }: SweepDeps, pool: string, createdBefore: number): Promise<void> {
  for (const { task, attempt, startTime } of await findForgotten(history, store, pool, createdBefore)) {
    apply(onTaskFound(store, task, attempt, startTime, clock()));
  }
}

/** Stops what D1 has ended without a word to this object. May be repeated. */
export async function stopEnded({ store, history, apply, clock }: SweepDeps): Promise<void> {
  for (const taskId of await findEnded(history, store)) apply(onTaskCancelled(store, taskId, clock()));
}
