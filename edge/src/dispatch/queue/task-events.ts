import { DEFAULTS } from "@star-graph/shared/defaults";
import { handBack, loseAttempt } from "./attempt-ends.ts";
import type { QueueClock } from "./clock.ts";
import { fillAgent, offerItem, requeue } from "./offers.ts";
import type { DispatchStore } from "./store.ts";
import type { Attempt, Effect, TaskToQueue, WorkItemIn } from "./types.ts";
import { attemptOf, base, nextLook, runningDeadline, waitingSince } from "./work-item.ts";

/*
 * The decisions of one pool shard are functions of (store, event, clock) that change the store and return what the
 * shell has to do: here those that follow from tasks and from D1, in agent-events.ts and tick.ts the others. Nothing
 * in them waits, sends or reads a clock. A handler may see the same event twice, late or out of order: what no longer
 * fits the stored state has no effect.
 */

/** How long an agent may take to stop a cancelled attempt before the Dispatcher forgets it. */
const STOPPING_LIMIT_MS = 10 * 60_000;

/** A task to run; repeated calls with the same task have no effect. */
export function onTaskSubmitted(store: DispatchStore, task: TaskToQueue, clock: QueueClock): Effect[] {
  if (store.getItem(task.taskId)) return [];
  // Of one that has run before and was lost sight of, nobody knows how long it waited: it begins anew.
  const { vip, ...queued } = task;
  store.vips.set(task.userId, vip ?? null);
  const item = waitingSince({ ...queued, seq: store.nextSeq() }, task.attemptNumber === 0 ? task.createTime : clock.now);
  store.putItem(item);
  return offerItem(store, item, clock);
}

/** It was to go to another shard and does not: back in its place. An agent that came meanwhile has not been offered it. */
export function onTaskStays(store: DispatchStore, item: WorkItemIn<"waiting">, clock: QueueClock): Effect[] {
  store.putItem(item);
  return offerItem(store, item, clock);
}

/**
 * A live task that D1 has and the work list lacks: never told, or lost with the object's storage. One that was running
 * gets a lease, so that the agent which still runs it may go on; but an agent that has said hello since then was told
 * to stop what is not on the list.
 */
export function onTaskFound(
  store: DispatchStore,
  task: TaskToQueue,
  attempt: Attempt | null,
  startedAt: number,
  clock: QueueClock,
): Effect[] {
  if (!attempt || store.getItem(task.taskId)) return onTaskSubmitted(store, task, clock);
  const leaseUntil = clock.now + clock.timings.leaseMs;
  const deadlineAt = runningDeadline(task, clock.now, DEFAULTS.runningDeadlineMs);
  const { vip, ...queued } = task;
  store.vips.set(task.userId, vip ?? null);
  const running: WorkItemIn<"running"> = {
    ...queued,
    seq: store.nextSeq(),
    state: "running",
    attempt,
    startedAt,
    charge: 0,
    deadlineAt,
    leaseUntil,
    progress: { phase: "queued", step: 0, totalSteps: 0 },
    dueAt: nextLook(leaseUntil, { deadlineAt }),
  };
  store.putItem(running);
  return store.getAgent(attempt.agentId) ? handBack(store, running, "LOST", "the queue had lost sight of it", clock) : [];
}

/** D1 says that the task has ended otherwise than here. The attempt is told to stop; the slot stays taken until it has. */
export function onTaskCancelled(store: DispatchStore, taskId: string, clock: QueueClock): Effect[] {
  const item = store.getItem(taskId);
  // An end that is on the way to D1 is either the one D1 has, or is refused there: then the item goes and its user is told.
  if (!item || item.state === "stopping" || item.state === "ending") return [];
  const told: Effect = { kind: "duty", duty: { kind: "cancelled", taskId, attempt: attemptOf(item), at: clock.now } };
  if (item.state === "waiting") {
    store.deleteItem(taskId);
    return [told];
  }
  store.putItem({ ...base(item), state: "stopping", attempt: item.attempt, dueAt: clock.now + STOPPING_LIMIT_MS });
  return [{ kind: "send", agentId: item.attempt.agentId, message: { type: "cancel", attemptId: item.attempt.id } }, told];
}

/** The Worker has cancelled it in D1. One that never came onto the list has a user to be told all the same, and nobody else would. */
export function onCancelOrdered(store: DispatchStore, taskId: string, clock: QueueClock): Effect[] {
  return store.getItem(taskId) ? onTaskCancelled(store, taskId, clock) : onTaskMissed(taskId, clock);
}

/** It is not on the list any more, and D1 may have a cancel of it: if so its user is told. */
export const onTaskMissed = (taskId: string, clock: QueueClock): Effect[] => [
  { kind: "duty", duty: { kind: "cancelled", taskId, attempt: null, at: clock.now } },
];

/** D1 took the end of a task, or refused it: the work list forgets it either way. */
export function onEnded(store: DispatchStore, taskId: string, attemptId: string | null): void {
  const item = store.getItem(taskId);
  if (item?.state === "ending" && (item.attempt?.id ?? null) === attemptId) store.deleteItem(taskId);
}

/**
 * D1 refused the start of an attempt: the task has ended otherwise, or belongs to another attempt. The agent is told to
 * stop, and the slot stays taken until it has or its lease is over.
 */
export function onStartRefused(store: DispatchStore, taskId: string, attempt: Attempt): Effect[] {
  const item = store.getItem(taskId);
  // A stopping one waits for its agent's word already, an ending one for D1's.
  if (item?.state !== "running" || item.attempt.id !== attempt.id) return [];
  store.putItem({ ...base(item), state: "stopping", attempt: item.attempt, dueAt: item.dueAt });
  return [
    { kind: "send", agentId: attempt.agentId, message: { type: "cancel", attemptId: attempt.id } },
    { kind: "duty", duty: { kind: "cancelled", taskId, attempt: item.attempt, at: item.startedAt } },
  ];
}

/** The task was not there, or no longer waiting, when its parameters were read for an offer. */
export function onOfferImpossible(store: DispatchStore, taskId: string, attemptId: string, clock: QueueClock): Effect[] {
  const item = store.getItem(taskId);
  if (item?.state !== "offered" || item.attempt.id !== attemptId) return [];
  store.deleteItem(taskId);
  const told: Effect = { kind: "duty", duty: { kind: "cancelled", taskId, attempt: null, at: clock.now } };
  return [told, ...fillAgent(store, item.attempt.agentId, clock)];
}

/** Nobody will ever be able to run it: its user gets the hold back and is told. */
export const failUnreadable = (taskId: string, now: number): Effect => ({
  kind: "duty",
  duty: { kind: "failed", taskId, attempt: null, error: "INTERNAL", message: "the task cannot be read", at: now },
});

/** Its parameters cannot be read for an offer, now or ever. */
export function onOfferUnreadable(store: DispatchStore, taskId: string, attemptId: string, clock: QueueClock): Effect[] {
  const item = store.getItem(taskId);
  if (item?.state !== "offered" || item.attempt.id !== attemptId) return [];
  store.putItem({ ...base(item), state: "ending", attempt: null, dueAt: Number.MAX_SAFE_INTEGER });
  return [failUnreadable(taskId, clock.now), ...fillAgent(store, item.attempt.agentId, clock)];
}

/** It could not be made ready for its agent, which has not refused anything and so does not rest. */
export function onOfferFailed(store: DispatchStore, taskId: string, attemptId: string, clock: QueueClock): Effect[] {
  const item = store.getItem(taskId);
  if (item?.state !== "offered" || item.attempt.id !== attemptId) return [];
  const again = requeue(store, { ...item, unmade: (item.unmade ?? 0) + 1 }, clock);
  // It may go to another one now: what waited for its slot is this one's.
  return [...again, ...fillAgent(store, item.attempt.agentId, clock)];
}

/** A duty for it was given up, and D1 has its end: what the work list and its agent still have of it goes. */
export function onGivenUp(store: DispatchStore, taskId: string, attemptId: string | null, clock: QueueClock): Effect[] {
  onEnded(store, taskId, attemptId);
  return onTaskCancelled(store, taskId, clock);
}

/** The result files that the agent claimed are not there: another attempt may bring them. */
export function onResultUnusable(store: DispatchStore, taskId: string, attempt: Attempt, reason: string, clock: QueueClock): Effect[] {
  const item = store.getItem(taskId);
  if (item?.state !== "ending" || item.attempt?.id !== attempt.id) return [];
  return loseAttempt(store, { ...item, attempt }, "FAILED", reason, clock);
}
