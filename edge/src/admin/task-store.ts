import type { AdminTaskQuery } from "@star-graph/shared/rest/admin/tasks";
import { fromWireTime } from "@star-graph/shared/wire-time";
import { and, count, eq, gte, lt, sum } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { taskCounts, tasks, users } from "../db/schema.ts";

export type AdminTaskRow = { task: typeof tasks.$inferSelect; username: string };

/** Everybody's tasks. */
export interface AdminTaskStore {
  listTasksForAdmin(query: AdminTaskQuery): Promise<{ rows: AdminTaskRow[]; total: number }>;
  findTaskForAdmin(taskId: string): Promise<AdminTaskRow | null>;
}

const SORT_COLUMNS = { createTime: tasks.createTime, completeTime: tasks.completeTime, cost: tasks.cost };

export function createAdminTaskStore(db: Database): AdminTaskStore {
  const selected = () => db.select({ task: tasks, username: users.username }).from(tasks).innerJoin(users, eq(users.id, tasks.userId));

  return {
    async listTasksForAdmin(query) {
      const counted = (table: typeof tasks | typeof taskCounts) => [
        query.userId === undefined ? undefined : eq(table.userId, query.userId),
        query.status && eq(table.status, query.status),
        query.type && eq(table.type, query.type),
      ];
      const filter = and(
        ...counted(tasks),
        query.model === undefined ? undefined : eq(tasks.model, query.model),
        query.from === undefined ? undefined : gte(tasks.createTime, fromWireTime(query.from)),
        query.to === undefined ? undefined : lt(tasks.createTime, fromWireTime(query.to)),
      );
      // The counters know users, statuses and types; only the other filters have to count rows.
      const isCounted = query.model === undefined && query.from === undefined && query.to === undefined;
      const [rows, totals] = await db.batch([
        selected()
          .where(filter)
          .orderBy(...ordered(query, SORT_COLUMNS[query.sort], tasks.id))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        isCounted
          ? db
              .select({ total: sum(taskCounts.tasks).mapWith(Number) })
              .from(taskCounts)
              .where(and(...counted(taskCounts)))
          : db.select({ total: count() }).from(tasks).where(filter),
      ]);
      return { rows, total: totals[0]?.total ?? 0 };
    },
    async findTaskForAdmin(taskId) {
      return (await selected().where(eq(tasks.id, taskId)).get()) ?? null;
    },
  };
}
