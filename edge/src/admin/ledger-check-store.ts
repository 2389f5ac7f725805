import type { LedgerCheck } from "@star-graph/shared/rest/admin/figures";
import { inArray, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { accounts, tasks } from "../db/schema.ts";

export interface LedgerCheckStore {
  /** Accounts whose balance is not the sum of their records, or whose frozen credits are not those of their open holds. */
  checkLedger(): Promise<LedgerCheck>;
  /** Pools with tasks that have not ended. */
  busyPools(): Promise<string[]>;
}

/** Faults that one answer names; where there is one, somebody has to look anyway. */
const MAX_FAULTS = 100;

const CHECKED = sql`
  SELECT a.user_id AS userId, a.balance, a.frozen AS freezed,
    coalesce((SELECT sum(r.amount) FROM fund_records r WHERE r.user_id = a.user_id), 0) AS recorded,
    coalesce((SELECT sum(h.amount) FROM holds h WHERE h.user_id = a.user_id
      AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.task_id = h.task_id)), 0) AS held
  FROM accounts a`;

export function createLedgerCheckStore(db: Database): LedgerCheckStore {
  return {
    async checkLedger() {
      // One statement, so that no account is compared with records of another moment.
      const faults = await db.all<LedgerCheck["faults"][number]>(sql`
        SELECT c.userId, u.username, c.balance, c.recorded, c.freezed, c.held FROM (${CHECKED}) c JOIN users u ON u.id = c.userId
        WHERE c.balance <> c.recorded OR c.freezed <> c.held ORDER BY c.userId LIMIT ${MAX_FAULTS}`);
      return { accounts: await db.$count(accounts), isSound: faults.length === 0, faults };
    },
    async busyPools() {
      const rows = await db
        .selectDistinct({ pool: tasks.pool })
        .from(tasks)
        .where(inArray(tasks.status, ["PENDING", "PROCESSING"]));
      return rows.map((row) => row.pool);
    },
  };
}
