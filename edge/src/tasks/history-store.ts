import { and, asc, eq, inArray } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { attempts, fundRecords, holds, settlements, tasks } from "../db/schema.ts";

export type AttemptRow = typeof attempts.$inferSelect;

/** What a task has been through, each part read by the task's key. */
export interface TaskHistory {
  attempts: AttemptRow[];
  hold: typeof holds.$inferSelect | null;
  settlement: typeof settlements.$inferSelect | null;
  /** What it was charged, and the record that returned that. */
  charge: CreditLine | null;
  refund: CreditLine | null;
  /** Tasks that repeat it, the first one first. */
  retriedBy: string[];
}

interface CreditLine {
  /** Signed. */
  amount: number;
  reason: string;
  createTime: number;
}

export interface TaskHistoryStore {
  readHistory(taskId: string): Promise<TaskHistory>;
}

export function createTaskHistoryStore(db: Database): TaskHistoryStore {
  return {
    async readHistory(taskId) {
      const [attemptRows, held, settled, records, retries] = await db.batch([
        db.select().from(attempts).where(eq(attempts.taskId, taskId)).orderBy(attempts.number),
        db.select().from(holds).where(eq(holds.taskId, taskId)),
        db.select().from(settlements).where(eq(settlements.taskId, taskId)),
        db
          .select({ type: fundRecords.type, amount: fundRecords.amount, reason: fundRecords.reason, createTime: fundRecords.createTime })
          .from(fundRecords)
          .where(and(eq(fundRecords.taskId, taskId), inArray(fundRecords.type, ["DEDUCT", "REFUND"]))),
        db.select({ id: tasks.id }).from(tasks).where(eq(tasks.retryOf, taskId)).orderBy(asc(tasks.id)),
      ]);
      return {
        attempts: attemptRows,
        hold: held[0] ?? null,
        settlement: settled[0] ?? null,
        charge: records.find(({ type }) => type === "DEDUCT") ?? null,
        refund: records.find(({ type }) => type === "REFUND") ?? null,
        retriedBy: retries.map(({ id }) => id),
      };
    },
  };
}
