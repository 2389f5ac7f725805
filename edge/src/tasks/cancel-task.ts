import { AppError } from "@star-graph/shared/errors";
import type { EndMessage } from "@star-graph/shared/push";
import type { CancelAnswer } from "@star-graph/shared/rest/tasks";
import { PHASES } from "@star-graph/shared/task";
import type { Audited } from "../audit/audit-entry.ts";
import type { Ledger, SettleOutcome } from "../billing/ledger.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import { endMessage } from "../events/end-message.ts";
import type { TaskHistoryStore } from "./history-store.ts";
import type { ListTasksDeps } from "./list-tasks.ts";
import type { TaskRow, TaskStore } from "./store.ts";
import type { FileUrl } from "./task-view.ts";

export interface CancelTaskDeps
  extends Pick<TaskStore, "findTask">, Pick<Ledger, "settleTask">, Pick<TaskHistoryStore, "readHistory">, Pick<ListTasksDeps, "liveTasks"> {
  fileUrl: FileUrl;
  /** Of a task's price, what a cancel after its first step costs. */
  cancelChargePercent: number;
  /** Tells the Dispatcher, which stops the engine and tells the user. @returns false when it could not be told: the sweep stops the engine. */
  stop(shard: Shard, taskId: string): Promise<boolean>;
  /** Tells the user, and their own server if that is to be told. A repeat tells nobody twice. */
  announceEnd(userId: number, message: EndMessage, callbackUrl: string | null): Promise<void>;
}

/**
 * Cancels a task and returns the credits held for it (spec 7.3), less what the operator takes once an engine has made its first step.
 * The cancel, the release and that charge are on record when this answers; stopping the engine follows.
 * @param audited of an administrator who cancels it for its owner: that costs the owner nothing
 * @returns `refund`: the credits released and not charged.
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else, `BAD_REQUEST` when it has ended.
 */
export async function cancelTask(
  deps: CancelTaskDeps,
  taskId: string,
  userId: number,
  now: number,
  audited?: Audited,
): Promise<CancelAnswer> {
  const task = await deps.findTask(taskId, userId);
  if (!task) throw new AppError("NOT_FOUND");
  const { outcome, charged } = await settleCancel(deps, task, now, audited);
  // Cancelled before, by a request that may not have come as far as telling the Dispatcher. It may be told twice.
  if (outcome === "already") await deps.stop(task, taskId);
  if (outcome !== "settled") {
    throw new AppError("BAD_REQUEST", { text: { zh: "任务已结束，无法取消", en: "The task has ended and cannot be cancelled" } });
  }
  const answer = { taskId, refund: task.cost - charged };
  if (await deps.stop(task, taskId)) return answer;
  // A task that never came to its Dispatcher is nobody's but the Worker's to tell of.
  const end = endMessage({ ...task, status: "CANCELLED" }, [], deps.fileUrl);
  if (end) await deps.announceEnd(userId, end, task.callbackUrl);
  return answer;
}

interface Settled {
  outcome: SettleOutcome;
  charged: number;
}

/** Of a batch whose answer was lost D1 knows whether it came through. @throws what it threw, when it did not or D1 does not say. */
async function settleCancel(deps: CancelTaskDeps, task: TaskRow, now: number, audited?: Audited): Promise<Settled> {
  try {
    const begun = audited ? null : await findBegun(deps, task);
    if (begun) {
      // Of that attempt alone: whoever made another step than the one that was seen has not been asked about.
      const end = { status: "CANCELLED" as const, charge: begun.charge };
      if ((await deps.settleTask(task.id, begun.attemptId, end, now)) === "settled") return { outcome: "settled", charged: begun.charge };
    }
    return { outcome: await deps.settleTask(task.id, null, { status: "CANCELLED" }, now, audited), charged: 0 };
  } catch (error) {
    const found = await deps.findTask(task.id, task.userId).catch(() => null);
    if (found?.status !== "CANCELLED") throw error;
    const { charge } = await deps.readHistory(task.id);
    return { outcome: "settled", charged: -(charge?.amount ?? 0) };
  }
}

/** The attempt that has made a step, and what a cancel costs then; null when it costs nothing, or when nobody can say. */
async function findBegun(deps: CancelTaskDeps, task: TaskRow): Promise<{ attemptId: string; charge: number } | null> {
  const charge = Math.floor((task.cost * deps.cancelChargePercent) / 100);
  if (charge === 0 || task.status !== "PROCESSING" || task.attemptId === null) return null;
  const live = (await deps.liveTasks([task]).catch(() => null))?.get(task.id);
  const hasBegun =
    live?.progress !== undefined && (live.progress.step > 0 || PHASES.indexOf(live.progress.phase) > PHASES.indexOf("sampling"));
  return hasBegun && live.attemptId === task.attemptId ? { attemptId: task.attemptId, charge } : null;
}
