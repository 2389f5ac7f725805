import type { FailedMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { QueueClock } from "./clock.ts";
import { endWithFailure } from "./end-task.ts";
import { requeue } from "./offers.ts";
import { isQuarantined, noteFailure, noteSuccess, noteSuccessElsewhere, restsModel } from "./quarantine.ts";
import type { DispatchStore } from "./store.ts";
import type { Effect, WorkItemIn } from "./types.ts";
import type { AtAgent } from "./work-item.ts";

/** The attempt is over and the task waits again, without a failure counted; but not for ever. */
export function handBack(store: DispatchStore, item: AtAgent, outcome: "LOST" | "FAILED", reason: string, clock: QueueClock): Effect[] {
  if (item.attemptNumber >= DEFAULTS.maxStarts)
    return endWithFailure(store, item, "INTERNAL", `${reason}; it was started ${item.attemptNumber} times`, clock);
  const lost: Effect = {
    kind: "duty",
    duty: { kind: "lost", taskId: item.taskId, attempt: item.attempt, outcome, reason, failures: item.failures, at: clock.now },
  };
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
  const failedOn = [...new Set([...(item.failedOn ?? []), item.attempt.agentId])];
  if (failures < DEFAULTS.maxAttempts) return handBack(store, { ...item, failures, failedOn }, outcome, reason, clock);
  return endWithFailure(store, item, report?.error ?? "INTERNAL", reason, clock);
}

/** The agent failed a task: one more may send it into quarantine. */
export function blame(
  store: DispatchStore,
  item: AtAgent,
  error: FailedMessage["error"] | null,
  reason: string,
  { now }: QueueClock,
): void {
  const { taskId, userId, model, attempt } = item;
  const agent = store.getAgent(attempt.agentId);
  if (!agent) return;
  const startedAt = (item.state === "running" || item.state === "ending" ? item.startedAt : undefined) ?? now;
  const failure = { taskId, userId, startedAt, model, error, reason, isLastOne: !hasOtherAgent(store, item) };
  store.putAgent(noteFailure(agent, failure, now));
}

/** Whether somebody else is here who could run the task now, or as soon as a slot is free. */
function hasOtherAgent(store: DispatchStore, { userId, model, attempt, ...task }: AtAgent): boolean {
  for (const { members } of store.agents.profilesFor(store.lineOf({ model, ...task }), userId)) {
    for (const agentId of members) {
      const agent = agentId === attempt.agentId ? null : store.getAgent(agentId);
      if (agent?.isConnected && !agent.intake && !isQuarantined(agent) && !restsModel(agent, model)) return true;
    }
  }
  return false;
}

/** The attempt brought the task's result: those who failed it before did not fail because of it. */
export function noteCompletion(store: DispatchStore, item: AtAgent, { now }: QueueClock): void {
  const agent = store.getAgent(item.attempt.agentId);
  if (agent) store.putAgent({ ...noteSuccess(agent, item.model), endedAt: now });
  for (const agentId of item.failedOn ?? []) {
    const other = agentId === item.attempt.agentId ? null : store.getAgent(agentId);
    if (other) store.putAgent(noteSuccessElsewhere(other, item.taskId, now));
  }
}

/** Its agent's word on a cancelled attempt came, or the agent left or came again without it: its engine works on it no more. */
export function endStopping(store: DispatchStore, item: WorkItemIn<"stopping">, clock: QueueClock): Effect {
  store.deleteItem(item.taskId);
  return { kind: "duty", duty: { kind: "stopped", taskId: item.taskId, attempt: item.attempt, at: clock.now } };
}
