import type { Earnings } from "@star-graph/shared/rest/agents";
import { eq, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { earningDays } from "../db/schema.ts";

export interface EarningsStore {
  /** What the user's agents earned, by their EARN records; days and months are those of UTC. */
  readEarnings(userId: number, now: number): Promise<Earnings>;
}

const DAY_MS = 86_400_000;

export function createEarningsStore(db: Database): EarningsStore {
  return {
    async readEarnings(userId, now) {
      const date = new Date(now);
      const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
      const since = (from: number) =>
        sql<number>`coalesce(sum(CASE WHEN ${earningDays.day} >= ${Math.floor(from / DAY_MS)} THEN ${earningDays.credits} END), 0)`;
      const row = await db
        .select({ total: since(0), today: since(now), month: since(month) })
        .from(earningDays)
        .where(eq(earningDays.userId, userId))
        .get();
      return row ?? { total: 0, today: 0, month: 0 };
    },
  };
}
