import type { TaskAttempt, TaskCredit, TaskDetail } from "@star-graph/shared/rest/tasks";
import { toWireTime } from "@star-graph/shared/wire-time";
import { CHARGE_REASONS } from "../billing/reasons.ts";
import type { AttemptRow, TaskHistory } from "./history-store.ts";
import type { TaskRow } from "./store.ts";

/** What a task has been through, for its detail: its runs, each credit, and the tasks that repeat it. */
export function viewHistory(task: TaskRow, history: TaskHistory): Pick<TaskDetail, "attempts" | "credits" | "retryOf" | "retriedBy"> {
  return {
    attempts: history.attempts.map(viewAttempt),
    credits: viewCredits(task, history),
    ...(task.retryOf !== null && { retryOf: task.retryOf }),
    ...(history.retriedBy.length > 0 && { retriedBy: history.retriedBy }),
  };
}

export function viewAttempt({ number, agentName, startTime, endTime, outcome, reason, stopMs }: AttemptRow): TaskAttempt {
  return {
    number,
    agentName,
    startTime: toWireTime(startTime),
    endTime: endTime === null ? null : toWireTime(endTime),
    outcome,
    reason,
    ...(stopMs !== null && { stopTimeMs: stopMs }),
  };
}

/** From the freeze to what became of it: the lines that spec 4.4's list has of this task. */
function viewCredits({ type }: TaskRow, { hold, settlement, charge, refund }: TaskHistory): TaskCredit[] {
  if (!hold) return [];
  const lines: TaskCredit[] = [
    { type: "FREEZE", amount: 0, frozen: hold.amount, reason: CHARGE_REASONS[type], createTime: toWireTime(hold.createTime) },
  ];
  if (settlement) {
    const { reason, createTime } = settlement;
    const moved =
      settlement.kind === "CAPTURED" ? { type: "DEDUCT" as const, amount: -hold.amount } : { type: "UNFREEZE" as const, amount: 0 };
    lines.push({ ...moved, frozen: -hold.amount, reason, createTime: toWireTime(createTime) });
  }
  // A hold is released whole: what a cancel costs is a line of its own.
  if (settlement?.kind === "RELEASED" && charge)
    lines.push({ type: "DEDUCT", amount: charge.amount, frozen: 0, reason: charge.reason, createTime: toWireTime(charge.createTime) });
  if (refund)
    lines.push({ type: "REFUND", amount: refund.amount, frozen: 0, reason: refund.reason, createTime: toWireTime(refund.createTime) });
  return lines;
}
