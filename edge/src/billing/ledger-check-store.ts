import type { LedgerFault } from "@star-graph/shared/rest/admin/figures";
import { eq, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { accounts, ledgerCheck } from "../db/schema.ts";
import type { CheckState } from "./check-ledger.ts";

export interface LedgerCheckStore {
  /** All accounts now: how many there are, how many do not add up, and a page of those. Reads every record. */
  findFaults(page: number, pageSize: number): Promise<{ accounts: number; total: number; faults: LedgerFault[] }>;
  /** The next accounts in the order of their users; `lastUser` null when there is none left. */
  checkAccounts(afterUser: number, limit: number): Promise<{ accounts: number; lastUser: number | null; faults: LedgerFault[] }>;
  readCheckState(): Promise<CheckState | null>;
  saveCheckState(state: CheckState): Promise<void>;
}

const CHECKED = sql`
  SELECT a.user_id AS userId, a.balance, a.frozen AS freezed,
    coalesce((SELECT sum(r.amount) FROM fund_records r WHERE r.user_id = a.user_id), 0) AS recorded,
    coalesce((SELECT sum(h.amount) FROM holds h WHERE h.user_id = a.user_id
      AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.task_id = h.task_id)), 0) AS held
  FROM accounts a`;

export function createLedgerCheckStore(db: Database): LedgerCheckStore {
  return {
    async findFaults(page, pageSize) {
      // One statement, so that no account is compared with records of another moment.
      const rows = await db.all<LedgerFault>(sql`
        SELECT c.userId, u.username, c.balance, c.recorded, c.freezed, c.held FROM (${CHECKED}) c JOIN users u ON u.id = c.userId
        WHERE c.balance <> c.recorded OR c.freezed <> c.held ORDER BY c.userId`);
      return { accounts: await db.$count(accounts), total: rows.length, faults: rows.slice((page - 1) * pageSize, page * pageSize) };
    },

    async checkAccounts(afterUser, limit) {
      const rows = await db.all<LedgerFault>(sql`
        SELECT c.userId, u.username, c.balance, c.recorded, c.freezed, c.held
        FROM (${CHECKED} WHERE a.user_id > ${afterUser} ORDER BY a.user_id LIMIT ${limit}) c JOIN users u ON u.id = c.userId
        ORDER BY c.userId`);
      const faults = rows.filter(({ balance, recorded, freezed, held }) => balance !== recorded || freezed !== held);
      return { accounts: rows.length, lastUser: rows.at(-1)?.userId ?? null, faults };
    },

    async readCheckState() {
      const row = await db.select().from(ledgerCheck).where(eq(ledgerCheck.id, 1)).get();
      if (!row) return null;
      const { id: _, ...state } = row;
      return state;
    },

    async saveCheckState(state) {
      await db
        .insert(ledgerCheck)
        .values({ id: 1, ...state })
        .onConflictDoUpdate({ target: ledgerCheck.id, set: state });
    },
  };
}
