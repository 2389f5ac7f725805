import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { AdminTask, AdminTaskItem, AdminTaskQuery } from "@star-graph/shared/rest/admin/tasks";
import type { CancelAnswer } from "@star-graph/shared/rest/tasks";
import { isTerminal } from "@star-graph/shared/task";
import type { Language } from "@star-graph/shared/text";
import type { Actor } from "../audit/audit-entry.ts";
import { cancelTask, type CancelTaskDeps } from "../tasks/cancel-task.ts";
import { viewAttempt } from "../tasks/history-view.ts";
import { showTask, type ShowTaskDeps } from "../tasks/show-task.ts";
import { toListItem } from "../tasks/task-view.ts";
import type { AdminTaskRow, AdminTaskStore } from "./task-store.ts";

export type AllTasksDeps = Pick<AdminTaskStore, "listTasksForAdmin"> & Pick<ShowTaskDeps, "findResults" | "liveTasks" | "fileUrl">;

const ownedBy = ({ task, username }: AdminTaskRow) => ({ userId: task.userId, username, model: task.model, pool: task.pool });

/** Everybody's tasks, newest first unless asked otherwise. */
export async function listAllTasks(deps: AllTasksDeps, query: AdminTaskQuery): Promise<Page<AdminTaskItem>> {
  const { rows, total } = await deps.listTasksForAdmin(query);
  const tasks = rows.map(({ task }) => task);
  const [files, live] = await Promise.all([
    deps.findResults(tasks.filter((task) => task.status === "COMPLETED").map((task) => task.id)),
    deps.liveTasks(tasks.filter((task) => !isTerminal(task.status))),
  ]);
  const items = rows.map((row) => {
    const own = files.filter((file) => file.taskId === row.task.id);
    return { ...toListItem(row.task, own, live.get(row.task.id), deps.fileUrl), ...ownedBy(row) };
  });
  return toPage(items, total, query);
}

export type OneTaskDeps = Pick<AdminTaskStore, "findTaskForAdmin"> & ShowTaskDeps;

/** A task as its owner sees it, and what only an operator asks. @throws {AppError} `NOT_FOUND` */
export async function showAnyTask(deps: OneTaskDeps, taskId: string, language: Language, now: number): Promise<AdminTask> {
  const found = await deps.findTaskForAdmin(taskId);
  if (!found) throw new AppError("NOT_FOUND");
  const [detail, history] = await Promise.all([showTask(deps, taskId, found.task.userId, language, now), deps.readHistory(taskId)]);
  const attempts = history.attempts.map((row) => ({ id: row.id, agentId: row.agentId, ...viewAttempt(row) }));
  return { ...detail, ...ownedBy(found), attempts, settlement: history.settlement?.kind ?? null, refunded: history.refund !== null };
}

export type CancelAnyDeps = Pick<AdminTaskStore, "findTaskForAdmin"> & CancelTaskDeps;

/** Cancels anybody's task, as its owner could. @throws {AppError} `NOT_FOUND`; `BAD_REQUEST` when it has ended. */
export async function cancelAnyTask(deps: CancelAnyDeps, taskId: string, actor: Actor): Promise<CancelAnswer> {
  const found = await deps.findTaskForAdmin(taskId);
  if (!found) throw new AppError("NOT_FOUND");
  const { userId, cost } = found.task;
  return cancelTask(deps, taskId, userId, actor.now, {
    ...actor,
    action: "task.cancel",
    target: `task:${taskId}`,
    before: null,
    after: { status: "CANCELLED", userId, refund: cost },
  });
}
