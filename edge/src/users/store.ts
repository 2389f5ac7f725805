import type { Balance, FundRecordQuery, FundRecordType } from "@star-graph/shared/rest/users";
import { and, between, eq, sql, sum } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
import type { Database } from "../db/client.ts";
import { accounts, dailyDeducts, fundRecords, holdRecords, recordCounts, users } from "../db/schema.ts";

const DAY_MS = 86_400_000;

export type ProfileRow = Omit<typeof users.$inferSelect, "password" | "role" | "disabled"> & { balance: number };

/** What a user may change of themselves; what is undefined stays. `avatar` is a key of R2. */
interface ProfileChange {
  nickname?: string | undefined;
  email?: string | null | undefined;
  phone?: string | null | undefined;
  avatar?: string | null | undefined;
}

/** A line of spec 4.4; `frozen` only of those that come from a hold. */
interface FundRecordRow {
  id: number;
  type: FundRecordType;
  amount: number;
  balance: number;
  frozen: number | null;
  reason: string;
  taskId: string | null;
  createTime: number;
}

export interface UserStore {
  /** Spec 4.3; `todayUsed` and `monthUsed` are what was deducted in the current UTC day and month. */
  readBalance(userId: number, now: number): Promise<Balance>;
  findProfile(userId: number): Promise<ProfileRow | null>;
  updateProfile(userId: number, change: ProfileChange, now: number): Promise<void>;
  /** One page of what moved or froze the user's credits, and how many there are. */
  listFundRecords(userId: number, query: FundRecordQuery): Promise<{ rows: FundRecordRow[]; total: number }>;
}

export function createUserStore(db: Database): UserStore {
  const moved = (userId: number, type?: FundRecordType) =>
    db
      .select({
        id: fundRecords.id,
        type: sql<FundRecordType>`${fundRecords.type}`.as("type"),
        amount: fundRecords.amount,
        balance: fundRecords.balance,
        frozen: sql<number | null>`NULL`.as("frozen"),
        reason: fundRecords.reason,
        taskId: fundRecords.taskId,
        createTime: fundRecords.createTime,
      })
      .from(fundRecords)
      .where(and(eq(fundRecords.userId, userId), type && sql`${fundRecords.type} = ${type}`));
  const held = (userId: number, type?: FundRecordType) =>
    db
      .select({
        id: holdRecords.id,
        type: sql<FundRecordType>`${holdRecords.type}`.as("type"),
        amount: sql<number>`0`.as("amount"),
        balance: holdRecords.balance,
        frozen: sql<number | null>`${holdRecords.frozen}`.as("frozen"),
        reason: holdRecords.reason,
        taskId: sql<string | null>`${holdRecords.taskId}`.as("task_id"),
        createTime: holdRecords.createTime,
      })
      .from(holdRecords)
      .where(and(eq(holdRecords.userId, userId), type && sql`${holdRecords.type} = ${type}`));

  return {
    async readBalance(userId, now) {
      const date = new Date(now);
      const today = Math.floor(now / DAY_MS);
      const firstOfMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / DAY_MS;
      const [account, used] = await db.batch([
        db.select().from(accounts).where(eq(accounts.userId, userId)),
        db
          .select({
            today: sql<number>`coalesce(sum(CASE WHEN ${dailyDeducts.day} = ${today} THEN ${dailyDeducts.deducted} END), 0)`,
            month: sql<number>`coalesce(sum(${dailyDeducts.deducted}), 0)`,
          })
          .from(dailyDeducts)
          .where(and(eq(dailyDeducts.userId, userId), between(dailyDeducts.day, firstOfMonth, today))),
      ]);
      const { balance, frozen } = account[0] ?? { balance: 0, frozen: 0 };
      return { balance, freezed: frozen, available: balance - frozen, todayUsed: used[0]?.today ?? 0, monthUsed: used[0]?.month ?? 0 };
    },

    async findProfile(userId) {
      const row = await db
        .select({ user: users, balance: accounts.balance })
        .from(users)
        .leftJoin(accounts, eq(accounts.userId, users.id))
        .where(eq(users.id, userId))
        .get();
      return row ? { ...row.user, balance: row.balance ?? 0 } : null;
    },

    async updateProfile(userId, change, now) {
      await db
        .update(users)
        .set({ ...change, updateTime: now })
        .where(eq(users.id, userId));
    },

    async listFundRecords(userId, { type, order, page, pageSize }) {
      const direction = order === "asc" ? sql.raw("ASC") : sql.raw("DESC");
      // Both parts are read in the order of their indexes and merged: only as far as the page goes.
      const parts = {
        all: () => unionAll(moved(userId), held(userId)),
        moved: () => moved(userId, type).$dynamic(),
        held: () => held(userId, type).$dynamic(),
      };
      const chosen = type === undefined ? parts.all() : type === "FREEZE" || type === "UNFREEZE" ? parts.held() : parts.moved();
      const [rows, counted] = await db.batch([
        chosen
          .orderBy(sql`create_time ${direction}, id ${direction}`)
          .limit(pageSize)
          .offset((page - 1) * pageSize),
        db
          .select({ total: sum(recordCounts.records).mapWith(Number) })
          .from(recordCounts)
          .where(and(eq(recordCounts.userId, userId), type && eq(recordCounts.type, type))),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
  };
}
