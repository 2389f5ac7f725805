import { AppError } from "@star-graph/shared/errors";
import { isTerminal, type TaskStatus } from "@star-graph/shared/task";
import type { TaskStore } from "./store.ts";

export interface WaitForTaskDeps extends Pick<TaskStore, "findTask"> {
  /** Returns when the task's status is another one than that, or after so long; never fails. */
  awaitChange(userId: number, taskId: string, knownStatus: TaskStatus, waitMs: number): Promise<void>;
}

/**
 * Returns when the task has ended or its status has changed, at the latest after so many seconds; at once when it has ended already
 * or nothing is to be waited for.
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else.
 */
export async function waitForTask(deps: WaitForTaskDeps, taskId: string, userId: number, waitSeconds: number): Promise<void> {
  if (waitSeconds === 0) return;
  const task = await deps.findTask(taskId, userId);
  if (!task) throw new AppError("NOT_FOUND");
  if (!isTerminal(task.status)) await deps.awaitChange(userId, taskId, task.status, waitSeconds * 1000);
}
