import type { FailureName } from "@star-graph/shared/agent-protocol";
import type { QueueClock } from "./clock.ts";
import type { DispatchStore } from "./store.ts";
import type { Effect, WorkItem, WorkItemIn } from "./types.ts";
import { attemptOf, base } from "./work-item.ts";

/** The task is over here; its end is on the way to D1 and to its user. */
export function endWithFailure(store: DispatchStore, item: WorkItem, error: FailureName, message: string, clock: QueueClock): Effect[] {
  const attempt = attemptOf(item);
  store.putItem({ ...base(item), state: "ending", attempt, dueAt: Number.MAX_SAFE_INTEGER });
  return [{ kind: "duty", duty: { kind: "failed", taskId: item.taskId, attempt, error, message, at: clock.now } }];
}

/** It has waited for as long as it may. */
export const endOverdue = (store: DispatchStore, item: WorkItemIn<"waiting">, clock: QueueClock): Effect[] =>
  endWithFailure(store, item, "TASK_TIMEOUT", whyOutOfTime(item, clock, "it waited too long"), clock);

/** Its client's deadlines are said by name; `ours` when it was none of them. */
export function whyOutOfTime({ state, startBy, finishBy }: WorkItem, { now }: QueueClock, ours: string): string {
  if (finishBy !== null && now >= finishBy) return "it did not finish within the seconds it was given";
  return state === "waiting" && startBy !== null && now >= startBy ? "it did not start within the seconds it was given" : ours;
}
