import { type Page, toPage } from "@star-graph/shared/page";
import type { TaskListItem, TaskListQuery } from "@star-graph/shared/rest/tasks";
import { isTerminal } from "@star-graph/shared/task";
import type { Shard } from "../dispatch/shards/pools.ts";
import type { LiveTask } from "../dispatch/queue/types.ts";
import type { ResultRow, TaskStore } from "./store.ts";
import { type FileUrl, toListItem } from "./task-view.ts";

export interface ListTasksDeps extends Pick<TaskStore, "listTasks" | "findResults"> {
  /** What the Dispatchers know of tasks that are not done, by id; asked once for all of them. */
  liveTasks(tasks: ({ id: string } & Shard)[]): Promise<Map<string, LiveTask>>;
  fileUrl: FileUrl;
}

/** The user's tasks, newest first unless asked otherwise (spec 7.1). */
export async function listTasks(deps: ListTasksDeps, userId: number, query: TaskListQuery): Promise<Page<TaskListItem>> {
  const { rows, total } = await deps.listTasks(userId, query);
  const [files, live] = await Promise.all([
    deps.findResults(rows.filter((row) => row.status === "COMPLETED").map((row) => row.id)),
    deps.liveTasks(rows.filter((row) => !isTerminal(row.status))),
  ]);
  const filesByTask = Map.groupBy(files, (file: ResultRow) => file.taskId);
  const items = rows.map((row) => toListItem(row, filesByTask.get(row.id) ?? [], live.get(row.id), deps.fileUrl));
  return toPage(items, total, query);
}
