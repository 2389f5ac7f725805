import type { TaskListQuery } from "@star-graph/shared/rest/tasks";
import type { TaskStatus } from "@star-graph/shared/task";
import { and, asc, desc, eq, inArray, type SQL, sum } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { results, taskCounts, tasks } from "../db/schema.ts";

export type TaskRow = typeof tasks.$inferSelect;
export type ResultRow = typeof results.$inferSelect;

export interface TaskStore {
  /** The user's own task; null when it is absent or somebody else's. */
  findTask(taskId: string, userId: number): Promise<TaskRow | null>;
  findStatus(taskId: string): Promise<TaskStatus | null>;
  /** Result files of these tasks, in order. */
  findResults(taskIds: string[]): Promise<ResultRow[]>;
  /** The user's tasks that have not ended, the newest first, at most that many. */
  listLive(userId: number, limit: number): Promise<{ id: string; pool: string; shard: number }[]>;
  listTasks(userId: number, query: TaskListQuery): Promise<{ rows: TaskRow[]; total: number }>;
}

const SORT_COLUMNS = { createTime: tasks.createTime, completeTime: tasks.completeTime, cost: tasks.cost };

export function createTaskStore(db: Database): TaskStore {
  return {
    async findTask(taskId, userId) {
      return (
        (await db
          .select()
          .from(tasks)
          .where(and(eq(tasks.id, taskId), eq(tasks.userId, userId)))
          .get()) ?? null
      );
    },
    async findStatus(taskId) {
      const row = await db.select({ status: tasks.status }).from(tasks).where(eq(tasks.id, taskId)).get();
      return row?.status ?? null;
    },
    async findResults(taskIds) {
      if (taskIds.length === 0) return [];
      return db.select().from(results).where(inArray(results.taskId, taskIds)).orderBy(results.taskId, results.position);
    },
    async listLive(userId, limit) {
      return db
        .select({ id: tasks.id, pool: tasks.pool, shard: tasks.shard })
        .from(tasks)
        .where(and(eq(tasks.userId, userId), inArray(tasks.status, ["PENDING", "PROCESSING"])))
        .orderBy(desc(tasks.createTime))
        .limit(limit);
    },
    async listTasks(userId, query) {
      const direction = query.order === "asc" ? asc : desc;
      const filter = (table: typeof tasks | typeof taskCounts): SQL | undefined =>
        and(eq(table.userId, userId), query.status && eq(table.status, query.status), query.type && eq(table.type, query.type));
      const [rows, counted] = await db.batch([
        db
          .select()
          .from(tasks)
          .where(filter(tasks))
          // The id breaks ties, so that pages never overlap.
          .orderBy(direction(SORT_COLUMNS[query.sort]), direction(tasks.id))
          .limit(query.pageSize)
          .offset((query.page - 1) * query.pageSize),
        db
          .select({ total: sum(taskCounts.tasks).mapWith(Number) })
          .from(taskCounts)
          .where(filter(taskCounts)),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
  };
}
