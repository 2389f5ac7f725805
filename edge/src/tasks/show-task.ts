import { AppError } from "@star-graph/shared/errors";
import type { TaskDetail } from "@star-graph/shared/rest/tasks";
import type { Language } from "@star-graph/shared/text";
import type { ListTasksDeps } from "./list-tasks.ts";
import type { TaskHistoryStore } from "./history-store.ts";
import { viewHistory } from "./history-view.ts";
import type { TaskStore } from "./store.ts";
import { toDetail } from "./task-view.ts";

export type ShowTaskDeps = Pick<TaskStore, "findTask" | "findResults"> & TaskHistoryStore & Pick<ListTasksDeps, "liveTasks" | "fileUrl">;

/**
 * One task with everything known about it (spec 7.2).
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else.
 */
export async function showTask(deps: ShowTaskDeps, taskId: string, userId: number, language: Language, now: number): Promise<TaskDetail> {
  const task = await deps.findTask(taskId, userId);
  if (!task) throw new AppError("NOT_FOUND");
  // A cancelled task can still be stopping, which only its Dispatcher knows.
  const mayBeLive = task.status !== "COMPLETED" && task.status !== "FAILED";
  const [files, live, history] = await Promise.all([
    task.status === "COMPLETED" ? deps.findResults([taskId]) : [],
    mayBeLive ? deps.liveTasks([task]) : new Map(),
    deps.readHistory(taskId),
  ]);
  return { ...toDetail(task, files, live.get(taskId), { fileUrl: deps.fileUrl, language, now }), ...viewHistory(task, history) };
}
