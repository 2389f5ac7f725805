import type { FailedMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { QueueClock } from "./clock.ts";
import { requeue } from "./offers.ts";
import { noteFailure } from "./quarantine.ts";
import type { DispatchStore } from "./store.ts";
import type { Effect, WorkItem, WorkItemIn } from "./types.ts";
import { type AtAgent, attemptOf, base } from "./work-item.ts";

/** The attempt is over and the task waits again, without a failure counted. */
export function handBack(store: DispatchStore, item: AtAgent, outcome: "LOST" | "FAILED", reason: string, clock: QueueClock): Effect[] {
  const lost: Effect = { kind: "duty", duty: { kind: "lost", taskId: item.taskId, attempt: item.attempt, outcome, reason, at: clock.now } };
  return [lost, ...requeue(store, item, clock)];
}

/** The attempt is over without a result: another one, unless the task has used them up. */
export function loseAttempt(
  store: DispatchStore,
  item: AtAgent,
  outcome: "LOST" | "FAILED",
  reason: string,
  clock: QueueClock,
  report?: FailedMessage,
): Effect[] {
  const failures = item.failures + 1;
  // Before the task waits again, or the agent would be the first to be asked.
  blame(store, item, report?.error ?? null, reason, clock);
  if (failures < DEFAULTS.maxAttempts) return handBack(store, { ...item, failures }, outcome, reason, clock);
  return endWithFailure(store, item, report?.error ?? "INTERNAL", reason, clock);
}

/** The agent failed a task: one more may send it into quarantine. */
export function blame(
  store: DispatchStore,
  { taskId, type, model, attempt }: AtAgent,
  error: FailedMessage["error"] | null,
  reason: string,
  { now }: QueueClock,
): void {
  const agent = store.getAgent(attempt.agentId);
  if (!agent) return;
  const able = [...store.agents.profilesOffering(type, model)].reduce((sum, { connected }) => sum + connected, 0);
  store.putAgent(noteFailure(agent, { taskId, model, error, reason, isLastOne: able <= 1 }, now));
}

/** Its agent's word on a cancelled attempt came: the engine works on it no more, and the slot is free. */
export function endStopping(store: DispatchStore, item: WorkItemIn<"stopping">, clock: QueueClock): Effect {
  store.deleteItem(item.taskId);
  return { kind: "duty", duty: { kind: "stopped", taskId: item.taskId, attempt: item.attempt, at: clock.now } };
}

export function endWithFailure(
  store: DispatchStore,
  item: WorkItem,
  error: FailedMessage["error"],
  message: string,
  clock: QueueClock,
): Effect[] {
  const attempt = attemptOf(item);
  store.putItem({ ...base(item), state: "ending", attempt, dueAt: Number.MAX_SAFE_INTEGER });
  return [{ kind: "duty", duty: { kind: "failed", taskId: item.taskId, attempt, error, message, at: clock.now } }];
}
