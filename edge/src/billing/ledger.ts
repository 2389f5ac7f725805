import type { ResultFormat } from "@star-graph/shared/task";
import { and, eq, isNull, sql } from "drizzle-orm";
import { databaseMessage, type Database } from "../db/client.ts";
import { attempts, fundRecords, holds, results, settlements, tasks } from "../db/schema.ts";

/** What is settled in one batch with the end of a task. */
export type TaskEnd =
  | { status: "COMPLETED"; results: TaskResult[]; servedBy: { engine: string; model: string }; notes: string[] }
  | { status: "FAILED"; errorName: string; errorMessage: string }
  | { status: "CANCELLED" };

export interface TaskResult {
  fileKey: string;
  thumbnailKey: string;
  sizeBytes: number;
  width: number;
  height: number;
  format: ResultFormat;
}

/** `settled` now, `already` by an earlier repeat of the same call, or `refused`: the task ended otherwise or belongs to another attempt. */
export type SettleOutcome = "settled" | "already" | "refused";

export type NewTask = typeof tasks.$inferInsert;

/** All writes that move credits. Each is one batch, which the database aborts whole when a rule of `migrations/` is broken. */
export interface Ledger {
  /** The task row and its hold. `insufficient` leaves no trace (spec 9.2, E002). */
  openTask(task: NewTask): Promise<"opened" | "insufficient">;
  /** Ends a task: captures its hold when it completed, releases it otherwise. `attemptId` null ends it whatever its attempt does. */
  settleTask(taskId: string, attemptId: string | null, end: TaskEnd, now: number): Promise<SettleOutcome>;
  recharge(userId: number, amount: number, reason: string, now: number): Promise<void>;
}

const REASONS = { COMPLETED: "文生图生成", FAILED: "任务失败", CANCELLED: "任务取消" } as const;

export function createLedger(db: Database): Ledger {
  async function outcomeOfRepeat(taskId: string, attemptId: string | null, end: TaskEnd): Promise<SettleOutcome> {
    const task = await db.select({ status: tasks.status, attemptId: tasks.attemptId }).from(tasks).where(eq(tasks.id, taskId)).get();
    const isSame = task?.status === end.status && (attemptId === null || task.attemptId === attemptId);
    return isSame ? "already" : "refused";
  }

  return {
    async openTask(task) {
      const hold = { taskId: task.id, userId: task.userId, amount: task.cost, createTime: task.createTime };
      try {
        await db.batch([db.insert(tasks).values(task), db.insert(holds).values(hold)]);
        return "opened";
      } catch (error) {
        if (databaseMessage(error).includes("insufficient_credits")) return "insufficient";
        throw error;
      }
    },

    async settleTask(taskId, attemptId, end, now) {
      const kind = end.status === "COMPLETED" ? ("CAPTURED" as const) : ("RELEASED" as const);
      const files = end.status === "COMPLETED" ? end.results.map((file, position) => ({ taskId, position, ...file })) : [];
      try {
        await db.batch([
          // First: its triggers abort the batch unless the task is live and the attempt holds it.
          db.insert(settlements).values({ taskId, kind, attemptId, reason: REASONS[end.status], createTime: now }),
          db
            .update(tasks)
            .set({
              status: end.status,
              completeTime: now,
              ...(end.status === "COMPLETED" && { servedBy: end.servedBy, notes: end.notes }),
              ...(end.status === "FAILED" && { errorName: end.errorName, errorMessage: end.errorMessage }),
            })
            .where(eq(tasks.id, taskId)),
          db
            .update(attempts)
            .set({ outcome: end.status, endTime: now, ...(end.status === "FAILED" && { reason: end.errorMessage }) })
            .where(and(eq(attempts.taskId, taskId), isNull(attempts.outcome))),
          ...(files.length > 0 ? [db.insert(results).values(files)] : []),
        ]);
        return "settled";
      } catch (error) {
        const message = databaseMessage(error);
        const isRefusal = /task is final|attempt is not current|UNIQUE constraint failed: settlements/.test(message);
        if (isRefusal) return outcomeOfRepeat(taskId, attemptId, end);
        throw error;
      }
    },

    async recharge(userId, amount, reason, now) {
      const { meta } = await db.run(sql`INSERT INTO ${fundRecords} (user_id, type, amount, balance, reason, create_time)
        SELECT user_id, 'RECHARGE', ${amount}, balance + ${amount}, ${reason}, ${now} FROM accounts WHERE user_id = ${userId}`);
      if (meta.changes === 0) throw new Error(`no account of user ${userId}`);
    },
  };
}
