import { AppError } from "@star-graph/shared/errors";
import type { EndMessage } from "@star-graph/shared/push";
import type { CancelAnswer } from "@star-graph/shared/rest/tasks";
import type { Audited } from "../audit/audit-entry.ts";
import type { Ledger, SettleOutcome } from "../billing/ledger.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import { endMessage } from "../events/end-message.ts";
import type { TaskStore } from "./store.ts";
import type { FileUrl } from "./task-view.ts";

export interface CancelTaskDeps extends Pick<TaskStore, "findTask">, Pick<Ledger, "settleTask"> {
  fileUrl: FileUrl;
  /** Tells the Dispatcher, which stops the engine and tells the user. @returns false when it could not be told: the sweep stops the engine. */
  stop(shard: Shard, taskId: string): Promise<boolean>;
  /** Tells the user, and their own server if that is to be told. A repeat tells nobody twice. */
  announceEnd(userId: number, message: EndMessage, callbackUrl: string | null): Promise<void>;
}

/**
 * Cancels a task and returns the credits held for it (spec 7.3). The cancel and the release are on record when this
 * answers; stopping the engine follows.
 * @param audited of an administrator who cancels it for its owner
 * @returns `refund`: the credits released.
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
  const outcome = await settleCancel(deps, taskId, userId, now, audited);
  // Cancelled before, by a request that may not have come as far as telling the Dispatcher. It may be told twice.
  if (outcome === "already") await deps.stop(task, taskId);
  if (outcome !== "settled") {
    throw new AppError("BAD_REQUEST", { text: { zh: "任务已结束，无法取消", en: "The task has ended and cannot be cancelled" } });
  }
  if (await deps.stop(task, taskId)) return { taskId, refund: task.cost };
  // A task that never came to its Dispatcher is nobody's but the Worker's to tell of.
  const end = endMessage({ ...task, status: "CANCELLED" }, [], deps.fileUrl);
  if (end) await deps.announceEnd(userId, end, task.callbackUrl);
  return { taskId, refund: task.cost };
}

/** Of a batch whose answer was lost D1 knows whether it came through. @throws what it threw, when it did not or D1 does not say. */
async function settleCancel(deps: CancelTaskDeps, taskId: string, userId: number, now: number, audited?: Audited): Promise<SettleOutcome> {
  try {
    return await deps.settleTask(taskId, null, { status: "CANCELLED" }, now, audited);
  } catch (error) {
    const task = await deps.findTask(taskId, userId).catch(() => null);
    if (task?.status === "CANCELLED") return "settled";
    throw error;
  }
}
