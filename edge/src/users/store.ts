import type { Balance } from "@star-graph/shared/rest/users";
import { and, eq, gte, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { accounts, fundRecords } from "../db/schema.ts";

export interface UserStore {
  /** Spec 4.3; `todayUsed` and `monthUsed` are what was deducted in the current UTC day and month. */
  readBalance(userId: number, now: number): Promise<Balance>;
}

export function createUserStore(db: Database): UserStore {
  return {
    async readBalance(userId, now) {
      const date = new Date(now);
      const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
      const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
      const [account, used] = await db.batch([
        db.select().from(accounts).where(eq(accounts.userId, userId)),
        db
          .select({
            today: sql<number>`coalesce(sum(CASE WHEN ${fundRecords.createTime} >= ${day} THEN -${fundRecords.amount} END), 0)`,
            month: sql<number>`coalesce(sum(-${fundRecords.amount}), 0)`,
          })
          .from(fundRecords)
          .where(and(eq(fundRecords.userId, userId), gte(fundRecords.createTime, month), eq(fundRecords.type, "DEDUCT"))),
      ]);
      const { balance, frozen } = account[0] ?? { balance: 0, frozen: 0 };
      return { balance, freezed: frozen, available: balance - frozen, todayUsed: used[0]?.today ?? 0, monthUsed: used[0]?.month ?? 0 };
    },
  };
}
