import type { Earnings } from "@star-graph/shared/rest/agents";
import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { fundRecords } from "../db/schema.ts";

export interface EarningsStore {
  /** What the user's agents earned, by their EARN records. */
  readEarnings(userId: number, now: number): Promise<Earnings>;
}

export function createEarningsStore(db: Database): EarningsStore {
  return {
    async readEarnings(userId, now) {
      const date = new Date(now);
      const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
      const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
      const since = (from: number) =>
        sql<number>`coalesce(sum(CASE WHEN ${fundRecords.createTime} >= ${from} THEN ${fundRecords.amount} END), 0)`;
      const row = await db
        .select({ total: since(0), today: since(day), month: since(month) })
        .from(fundRecords)
        .where(and(eq(fundRecords.userId, userId), eq(fundRecords.type, "EARN")))
        .get();
      return row ?? { total: 0, today: 0, month: 0 };
    },
  };
}
