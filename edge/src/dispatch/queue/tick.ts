import { onAgentGone } from "./agent-events.ts";
import { SERVICE_RESTART } from "./agent-intake.ts";
import { blame, loseAttempt } from "./attempt-ends.ts";
import type { QueueClock } from "./clock.ts";
import { endOverdue, endWithFailure, whyOutOfTime } from "./end-task.ts";
import { judgeLease } from "./lease.ts";
import { fillAgent, offerHeld, withdraw } from "./offers.ts";
import { endRests } from "./quarantine.ts";
import type { DispatchStore } from "./store.ts";
import type { Effect, WorkItem, WorkItemIn } from "./types.ts";
import { attemptOf, nextLook } from "./work-item.ts";

/** Items that one tick looks at; the next tick takes the rest. */
const DUE_BATCH = 100;

/**
 * The clock: offers that were not accepted, agents that have rested, leases, deadlines.
 * @param lastSeen when each connected agent last gave a sign of life, read from its socket
 */
export function onTick(store: DispatchStore, lastSeen: (agentId: string) => number, clock: QueueClock): Effect[] {
  const due = store.dueItems(clock.now, DUE_BATCH);
  const effects = due.flatMap((item) => onItemDue(store, item, lastSeen, clock));
  const rested = store.restedAgents(clock.now);
  for (const agent of rested) store.putAgent(endRests(agent, clock.now));
  // Filled only now: an offer made before could be of an item that is still to be looked at.
  const withRoom = new Set([...due.flatMap((item) => attemptOf(item)?.agentId ?? []), ...rested.map((agent) => agent.agentId)]);
  return [...effects, ...[...withRoom].flatMap((agentId) => fillAgent(store, agentId, clock)), ...offerHeld(store, clock)];
}

function onItemDue(store: DispatchStore, item: WorkItem, lastSeen: (agentId: string) => number, clock: QueueClock): Effect[] {
  switch (item.state) {
    case "waiting":
      return endOverdue(store, item, clock);
    case "offered":
      return [
        { kind: "send", agentId: item.attempt.agentId, message: { type: "cancel", attemptId: item.attempt.id } },
        ...hangUp(store, item.attempt.agentId, lastSeen(item.attempt.agentId), clock),
        ...withdraw(store, item, clock),
      ];
    case "running":
      return onRunningDue(store, item, lastSeen(item.attempt.agentId), clock);
    case "stopping":
      store.deleteItem(item.taskId);
      return [];
    case "ending":
      return [];
  }
}

function onRunningDue(store: DispatchStore, item: WorkItemIn<"running">, lastSeenAt: number, clock: QueueClock): Effect[] {
  const cancel: Effect = { kind: "send", agentId: item.attempt.agentId, message: { type: "cancel", attemptId: item.attempt.id } };
  if (clock.now >= item.deadlineAt) {
    // What its client's own deadline cut short is not its agent's fault.
    if (item.finishBy === null || clock.now < item.finishBy) blame(store, item, "TASK_TIMEOUT", "it ran too long", clock);
    return [cancel, ...endWithFailure(store, item, "TASK_TIMEOUT", whyOutOfTime(item, clock, "it ran too long"), clock)];
  }
  const verdict = judgeLease(item.leaseUntil, lastSeenAt, clock.now, clock.timings);
  switch (verdict.kind) {
    case "renewed":
      store.putItem({ ...item, leaseUntil: verdict.leaseUntil, dueAt: nextLook(verdict.leaseUntil, item) });
      return [];
    case "grace":
      store.putItem({ ...item, dueAt: nextLook(verdict.until, item) });
      return [];
    case "lost":
      return [
        cancel,
        ...hangUp(store, item.attempt.agentId, lastSeenAt, clock),
        ...loseAttempt(store, item, "LOST", "the agent did not come back", clock),
      ];
  }
}

/** A line that is dead though nobody closed it: its agent is gone until it comes again, and is offered nothing. */
function hangUp(store: DispatchStore, agentId: string, lastSeenAt: number, { now, timings }: QueueClock): Effect[] {
  if (!store.getAgent(agentId)?.isConnected || now - lastSeenAt < timings.leaseMs + timings.graceMs) return [];
  onAgentGone(store, agentId, lastSeenAt);
  return [{ kind: "close", agentId, code: SERVICE_RESTART, reason: "not heard from" }];
}
