import { DEFAULTS } from "@star-graph/shared/defaults";
import type { DispatchStore } from "./store.ts";
import type { Attempt, Queued, TaskToQueue, WorkItem, WorkItemIn } from "./types.ts";

/** An item that some agent has, or had until just now. */
export type AtAgent = WorkItem & { attempt: Attempt };

export const attemptOf = (item: WorkItem): Attempt | null => (item.state === "waiting" ? null : item.attempt);

/** Whether the agent has accepted it, as far as is known: the number of an offer is the task's own from then on. */
export const isTaken = (item: WorkItem): boolean => attemptOf(item)?.number === item.attemptNumber;

/** The item of that attempt, if the agent that speaks is the one that holds it. */
export function itemOf(store: DispatchStore, agentId: string, attemptId: string): AtAgent | null {
  const item = store.findByAttempt(attemptId);
  const attempt = item && attemptOf(item);
  return item && attempt?.agentId === agentId ? { ...item, attempt } : null;
}

/** What stays the same through all states. */
export function base(item: WorkItem): Queued {
  const { taskId, userId, type, model, pixels, frames, features, work, clientId, createTime, startBy, finishBy, failures, seq } = item;
  const task = { taskId, userId, type, model, pixels, frames, features, work, clientId, createTime, startBy, finishBy, failures, seq };
  return {
    ...task,
    attemptNumber: item.attemptNumber,
    ...(item.memoryBytes && { memoryBytes: item.memoryBytes }),
    ...(item.waitedMs && { waitedMs: item.waitedMs }),
    ...(item.failedOn && { failedOn: item.failedOn }),
  };
}

/** The item as it waits, since then. */
export function waitingSince(item: Queued, queuedAt: number): WorkItemIn<"waiting"> {
  return { ...item, state: "waiting", queuedAt, dueAt: waitingDeadline(item, queuedAt) };
}

/**
 * When a task that still waits ends with E008: ours counts the time that it waited, before its first start and between its
 * attempts; its client's are points in time. A start that was lost again was in time: only the first one can be late.
 */
function waitingDeadline({ startBy, finishBy, attemptNumber, waitedMs = 0 }: Queued, queuedAt: number): number {
  const start = attemptNumber === 0 ? startBy : null;
  return Math.min(queuedAt + DEFAULTS.waitingDeadlineMs - waitedMs, start ?? Infinity, finishBy ?? Infinity);
}

/** When a running attempt ends with E008: `limitMs` from now, or earlier when its client said so. */
export const runningDeadline = ({ finishBy }: Pick<TaskToQueue, "finishBy">, now: number, limitMs: number): number =>
  Math.min(now + limitMs, finishBy ?? Infinity);

/** When the clock has to look at a running attempt next. */
export const nextLook = (leaseUntil: number, item: Pick<WorkItemIn<"running">, "deadlineAt">): number =>
  Math.min(leaseUntil, item.deadlineAt);
