import { and, asc, eq } from "drizzle-orm";
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
      const { amount, reason, createTime } = fundRecords;
      // Each has an index of its own; the two in one question would read everybody's records.
      const recordOf = (type: "DEDUCT" | "REFUND") =>
        db
          .select({ amount, reason, createTime })
          .from(fundRecords)
          .where(and(eq(fundRecords.taskId, taskId), eq(fundRecords.type, type)));
      const [attemptRows, held, settled, charges, refunds, retries] = await db.batch([
        db.select().from(attempts).where(eq(attempts.taskId, taskId)).orderBy(attempts.number),
        db.select().from(holds).where(eq(holds.taskId, taskId)),
        db.select().from(settlements).where(eq(settlements.taskId, taskId)),
        recordOf("DEDUCT"),
        recordOf("REFUND"),
        db.select({ id: tasks.id }).from(tasks).where(eq(tasks.retryOf, taskId)).orderBy(asc(tasks.id)),
      ]);
      return {
        attempts: attemptRows,
        hold: held[0] ?? null,
        settlement: settled[0] ?? null,
        charge: charges[0] ?? null,
        refund: refunds[0] ?? null,
        retriedBy: retries.map(({ id }) => id),
      };
    },
  };
}
