import type { FailedMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { QueueClock } from "./clock.ts";
import { endWithFailure } from "./end-task.ts";
import { fillAgent, requeue } from "./offers.ts";
import { absolve, isQuarantined, noteFailure, noteSuccess, noteSuccessElsewhere, restsModel } from "./quarantine.ts";
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
  // What ran and failed has had its share: or who asks for what nobody can do would be the next one three times.
  return [lost, ...requeue(store, outcome === "FAILED" && "charge" in item ? { ...item, charge: 0 } : item, clock)];
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
  const elsewhere = (item.failedOn ?? []).filter((agentId) => agentId !== item.attempt.agentId);
  // A file that is missing here and there is nobody's request.
  const isOwnFault = elsewhere.length > 0 && report?.error !== "MODEL_LOAD_FAILED";
  // Before the task waits again, or the agent would be the first to be asked.
  if (!isOwnFault) blame(store, item, report?.error ?? null, reason, clock);
  const failedOn = [...elsewhere, item.attempt.agentId];
  const ended =
    failures < DEFAULTS.maxAttempts
      ? handBack(store, { ...item, failures, failedOn }, outcome, reason, clock)
      : endWithFailure(store, item, report?.error ?? "INTERNAL", reason, clock);
  return isOwnFault ? [...ended, ...clear(store, elsewhere, item.taskId, clock)] : ended;
}

/** What these agents failed was not their fault: who rested for it alone works again. */
function clear(store: DispatchStore, agentIds: readonly string[], taskId: string, clock: QueueClock): Effect[] {
  const agents = agentIds.map((agentId) => store.getAgent(agentId)).filter((agent) => agent !== null);
  for (const agent of agents) store.putAgent(absolve(agent, taskId));
  return agents.flatMap(({ agentId }) => fillAgent(store, agentId, clock));
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
      if (agent?.isConnected && !agent.intake && !isQuarantined(agent) && !restsModel(agent, model, userId)) return true;
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
    if (other) store.putAgent(noteSuccessElsewhere(other, item, now));
  }
}

/** Its agent's word on a cancelled attempt came, or the agent left or came again without it: its engine works on it no more. */
export function endStopping(store: DispatchStore, item: WorkItemIn<"stopping">, clock: QueueClock): Effect {
  store.deleteItem(item.taskId);
  return { kind: "duty", duty: { kind: "stopped", taskId: item.taskId, attempt: item.attempt, at: clock.now } };
}
