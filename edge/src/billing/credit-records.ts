import { eq, sql } from "drizzle-orm";
import { type Audited, auditEntry } from "../audit/audit-entry.ts";
import { databaseMessage, type Database } from "../db/client.ts";
import { accounts, fundRecords } from "../db/schema.ts";
import { isRepeat, keepAnswer } from "../idempotency/keep-answer.ts";
import type { AnswerRecord } from "../idempotency/request-key.ts";

export interface CreditRecord {
  userId: number;
  type: "RECHARGE" | "ADJUST" | "REFUND";
  /** Signed, in credits. */
  amount: number;
  reason: string;
  /** Of a refund: the task whose charge it returns. */
  taskId: string | null;
}

/**
 * `insufficient`: the balance would fall below what running tasks hold. `refused`: that charge was returned before, or
 * there is none. `repeated`: a request with the same key of the same administrator was first.
 */
type RecordOutcome = "recorded" | "insufficient" | "refused" | "repeated";

/** Credits that an administrator moves: the record and its audit line in one batch, which the database aborts whole. */
export interface CreditRecords {
  /**
   * @param audited what is known before; the balances before and after are written by the batch itself.
   * @param answer what a repeat of the administrator's request is answered
   */
  addRecord(record: CreditRecord, audited: Audited, answer?: AnswerRecord | null): Promise<RecordOutcome>;
  readAccount(userId: number): Promise<{ balance: number; frozen: number } | null>;
}

export function createCreditRecords(db: Database): CreditRecords {
  return {
    async addRecord({ userId, type, amount, reason, taskId }, audited, answer) {
      const balance = sql<number>`(SELECT balance + ${amount} FROM accounts WHERE user_id = ${userId})`;
      // Read behind the record, whose trigger has moved the balance: whoever moves credits meanwhile comes before or after.
      const balances = {
        before: sql`(SELECT json_object('balance', CAST(balance - ${amount} AS INTEGER)) FROM accounts WHERE user_id = ${userId})`,
        after: sql`(SELECT json_set(${JSON.stringify(audited.after)}, '$.balance', balance) FROM accounts WHERE user_id = ${userId})`,
      };
      try {
        const kept = keepAnswer(db, audited.adminId, answer, audited.now);
        const row = db.insert(fundRecords).values({ userId, type, amount, balance, reason, taskId, createTime: audited.now });
        const line = auditEntry(db, audited, balances);
        // The answer first: a repeat that there are no credits for any more is a repeat.
        await (kept.length === 0 ? db.batch([row, line]) : db.batch([...kept, row, line]));
        return "recorded";
      } catch (error) {
        const message = databaseMessage(error);
        if (isRepeat(message)) return "repeated";
        if (message.includes("insufficient_credits")) return "insufficient";
        if (/refund without its charge|UNIQUE constraint failed: fund_records/.test(message)) return "refused";
        throw error;
      }
    },
    async readAccount(userId) {
      return (
        (await db.select({ balance: accounts.balance, frozen: accounts.frozen }).from(accounts).where(eq(accounts.userId, userId)).get()) ??
        null
      );
    },
  };
}
