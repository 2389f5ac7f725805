import { DEFAULTS } from "@star-graph/shared/defaults";
import type { ResultFormat } from "@star-graph/shared/task";
import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { type Audited, auditEntry } from "../audit/audit-entry.ts";
import { databaseMessage, type Database } from "../db/client.ts";
import { attempts, fundRecords, holds, results, settlements, tasks } from "../db/schema.ts";
import { isRepeat, keepAnswer } from "../idempotency/keep-answer.ts";
import type { AnswerRecord } from "../idempotency/request-key.ts";
import { CANCEL_CHARGE_REASON, CHARGE_REASONS, EARN_REASON, RELEASE_REASONS } from "./reasons.ts";

/** What is settled in one batch with the end of a task. */
export type TaskEnd =
  | { status: "COMPLETED"; results: TaskResult[]; servedBy: { engine: string; model: string }; notes: string[] }
  | { status: "FAILED"; errorName: string; errorMessage: string }
  /** `charge`: credits that the cancel costs, at most the price; nothing when absent. */
  | { status: "CANCELLED"; charge?: number };

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

export interface LedgerOptions {
  /** Of a completed task's price, to the owner of the agent that completed it; whole credits, rounded down. */
  ownerSharePercent: number;
}

export type NewTask = typeof tasks.$inferInsert;

/** All writes that move credits. Each is one batch, which the database aborts whole when a rule of `migrations/` is broken. */
export interface Ledger {
  /**
   * The task row, its hold, and what a repeat of the request is answered. `insufficient` (spec 9.2, E002) leaves no trace,
   * nor does `repeated`: a parallel request with the same key was first.
   */
  openTask(task: NewTask, record?: AnswerRecord | null): Promise<"opened" | "insufficient" | "repeated">;
  /**
   * Ends a task: captures its hold when it completed, with the share of the agent's owner, and releases it otherwise, with what a cancel costs. `attemptId` null ends it whatever its attempt does.
   * @param audited of an administrator who ends it: the line is written with the end or not at all, and says what the task was
   */
  settleTask(taskId: string, attemptId: string | null, end: TaskEnd, now: number, audited?: Audited): Promise<SettleOutcome>;
  recharge(userId: number, amount: number, reason: string, now: number): Promise<void>;
}

function reasonOf(taskId: string, { status }: TaskEnd): SQL | string {
  if (status !== "COMPLETED") return RELEASE_REASONS[status];
  const cases = Object.entries(CHARGE_REASONS).map(([type, reason]) => sql`WHEN ${type} THEN ${reason}`);
  return sql`(SELECT CASE ${tasks.type} ${sql.join(cases, sql` `)} END FROM ${tasks} WHERE ${tasks.id} = ${taskId})`;
}

const statusOf = (taskId: string): SQL => sql`(SELECT json_object('status', ${tasks.status}) FROM ${tasks} WHERE ${tasks.id} = ${taskId})`;

export function createLedger(db: Database, { ownerSharePercent }: LedgerOptions = { ownerSharePercent: 0 }): Ledger {
  async function outcomeOfRepeat(taskId: string, attemptId: string | null, end: TaskEnd): Promise<SettleOutcome> {
    const task = await db.select({ status: tasks.status, attemptId: tasks.attemptId }).from(tasks).where(eq(tasks.id, taskId)).get();
    const isSame = task?.status === end.status && (attemptId === null || task.attemptId === attemptId);
    return isSame ? "already" : "refused";
  }

  /** Behind the settlement, whose trigger has charged by then. A share below one credit is none. */
  function shareWithOwner(taskId: string, attemptId: string, now: number) {
    // Spelt out, as a bound number is a fraction to D1, and the division would be one.
    const share = sql.raw(`h.amount * ${Math.trunc(ownerSharePercent)} / 100`);
    return db.insert(fundRecords).select(sql`
      SELECT NULL AS id, k.user_id, 'EARN' AS type, ${share} AS amount, o.balance + ${share} AS balance, ${EARN_REASON} AS reason, h.task_id, ${now} AS create_time
      FROM holds h JOIN attempts a ON a.id = ${attemptId}
      JOIN agent_keys k ON k.id = CAST(a.agent_id AS INTEGER) JOIN accounts o ON o.user_id = k.user_id
      WHERE h.task_id = ${taskId} AND ${share} > 0`);
  }

  /** Behind the settlement, which has released the hold whole: what it held is there to be charged. */
  function chargeForCancel(taskId: string, credits: number, now: number) {
    // Spelt out, as a bound number is a fraction to D1. Never more than the task would have cost.
    const charge = sql.raw(`min(h.amount, ${Math.trunc(credits)})`);
    return db.insert(fundRecords).select(sql`
      SELECT NULL AS id, h.user_id, 'DEDUCT' AS type, -${charge} AS amount, a.balance - ${charge} AS balance, ${CANCEL_CHARGE_REASON} AS reason,
        h.task_id, ${now} AS create_time
      FROM holds h JOIN accounts a ON a.user_id = h.user_id WHERE h.task_id = ${taskId} AND ${charge} > 0`);
  }

  return {
    async openTask(task, record) {
      const hold = { taskId: task.id, userId: task.userId, amount: task.cost, createTime: task.createTime };
      try {
        // The answer before the hold, so that of two repeats without credits for both the second learns of the first.
        const answer = keepAnswer(db, task.userId, record, task.createTime);
        await db.batch([db.insert(tasks).values(task), ...answer, db.insert(holds).values(hold)]);
        return "opened";
      } catch (error) {
        const message = databaseMessage(error);
        if (message.includes("insufficient_credits")) return "insufficient";
        if (isRepeat(message)) return "repeated";
        throw error;
      }
    },

    async settleTask(taskId, attemptId, end, now, audited) {
      const kind = end.status === "COMPLETED" ? ("CAPTURED" as const) : ("RELEASED" as const);
      const earns = end.status === "COMPLETED" && attemptId !== null && ownerSharePercent > 0;
      const files = end.status === "COMPLETED" ? filesOf(taskId, end.results, now) : [];
      try {
        await db.batch([
          // First: its triggers abort the batch unless the task is live and the attempt holds it.
          db.insert(settlements).values({ taskId, kind, attemptId, reason: reasonOf(taskId, end), createTime: now }),
          ...(audited ? [auditEntry(db, audited, { before: statusOf(taskId) })] : []),
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
          ...(earns ? [shareWithOwner(taskId, attemptId, now)] : []),
          ...(end.status === "CANCELLED" && end.charge ? [chargeForCancel(taskId, end.charge, now)] : []),
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

function filesOf(taskId: string, files: TaskResult[], now: number) {
  return files.map((file, position) => ({ ...file, taskId, position, expireTime: now + DEFAULTS.retentionMs }));
}
