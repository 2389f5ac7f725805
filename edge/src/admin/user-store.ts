import type { UserQuery } from "@star-graph/shared/rest/admin/users";
import { and, count, eq, gt, isNull, or, type SQL, sql } from "drizzle-orm";
import { type Audited, auditEntry } from "../audit/audit-entry.ts";
import { jsonOf } from "../audit/json-of.ts";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { accounts, agentKeys, apiKeys, fundRecords, sessions, users } from "../db/schema.ts";
import { insertUser, type NewUserRow } from "../users/insert-user.ts";

export type AdminUserRow = Omit<typeof users.$inferSelect, "password" | "avatar"> & { balance: number; frozen: number };

export interface UserFields {
  disabled?: boolean;
  role?: "USER" | "ADMIN";
  vipLevel?: number;
  /** Unix milliseconds; null: for ever. */
  vipExpireTime?: number | null;
  nickname?: string;
}

/** Users as administrators keep them; every write with its audit line, in one batch. */
export interface AdminUserStore {
  listUsers(query: UserQuery): Promise<{ rows: AdminUserRow[]; total: number }>;
  findUserForAdmin(userId: number): Promise<AdminUserRow | null>;
  /** @returns null when the name is taken */
  addUser(user: NewUserRow, credits: number, audited: Audited): Promise<AdminUserRow | null>;
  /** @param audited its `before` is read in the same batch as the change is written */
  changeUser(userId: number, fields: UserFields, audited: Audited): Promise<void>;
  /** The same, and every session and key of the user ends with it. @returns all their agent keys: some sockets may still be open, also after an earlier try */
  disableUser(userId: number, fields: UserFields, audited: Audited): Promise<number[]>;
}

const COLUMNS = {
  id: users.id,
  username: users.username,
  nickname: users.nickname,
  email: users.email,
  phone: users.phone,
  role: users.role,
  disabled: users.disabled,
  vipLevel: users.vipLevel,
  vipExpireTime: users.vipExpireTime,
  createTime: users.createTime,
  updateTime: users.updateTime,
  balance: accounts.balance,
  frozen: accounts.frozen,
};
const SORT_COLUMNS = { createTime: users.createTime, username: users.username, balance: accounts.balance };

export function createAdminUserStore(db: Database): AdminUserStore {
  const selected = () => db.select(COLUMNS).from(users).innerJoin(accounts, eq(accounts.userId, users.id));
  const update = (userId: number, fields: UserFields, now: number) =>
    db
      .update(users)
      .set({ ...fields, updateTime: now })
      .where(eq(users.id, userId));

  /** Before the change in its batch: what another administrator changed meanwhile is what it finds. */
  const auditOf = (userId: number, fields: UserFields, audited: Audited) => {
    const changed = Object.fromEntries((Object.keys(fields) as (keyof UserFields)[]).map((name) => [name, users[name]]));
    return auditEntry(db, audited, { before: sql`(SELECT ${jsonOf(changed)} FROM ${users} WHERE ${users.id} = ${userId})` });
  };

  return {
    async listUsers(query) {
      const filter = and(
        query.search === undefined ? undefined : contains(query.search),
        query.role && eq(users.role, query.role),
        query.disabled === undefined ? undefined : eq(users.disabled, query.disabled === "true"),
      );
      const [rows, counted] = await db.batch([
        selected()
          .where(filter)
          .orderBy(...ordered(query, SORT_COLUMNS[query.sort], users.id))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db.select({ total: count() }).from(users).where(filter),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
    async findUserForAdmin(userId) {
      return (await selected().where(eq(users.id, userId)).get()) ?? null;
    },
    async addUser(user, credits, audited) {
      const { now } = audited;
      const first = { type: "RECHARGE" as const, amount: credits, balance: credits, reason: "初始积分", createTime: now };
      const isNew = await insertUser(db, user, now, (userId) => [
        ...(credits > 0 ? [db.insert(fundRecords).values({ ...first, userId })] : []),
        auditEntry(db, audited, { target: sql`'user:' || ${userId}` }),
      ]);
      if (!isNew) return null;
      return (await selected().where(eq(users.username, user.username)).get()) ?? null;
    },
    async changeUser(userId, fields, audited) {
      await db.batch([auditOf(userId, fields, audited), update(userId, fields, audited.now)]);
    },
    async disableUser(userId, fields, audited) {
      const { now } = audited;
      const [keys] = await db.batch([
        db.select({ id: agentKeys.id }).from(agentKeys).where(eq(agentKeys.userId, userId)),
        db
          .update(agentKeys)
          .set({ revokeTime: now })
          .where(and(eq(agentKeys.userId, userId), isNull(agentKeys.revokeTime))),
        db
          .update(apiKeys)
          .set({ revokeTime: now })
          .where(and(eq(apiKeys.userId, userId), isNull(apiKeys.revokeTime))),
        db
          .update(sessions)
          .set({ revokeTime: now })
          .where(and(eq(sessions.userId, userId), isNull(sessions.revokeTime), gt(sessions.expireTime, now))),
        auditOf(userId, fields, audited),
        update(userId, fields, now),
      ]);
      return keys.map(({ id }) => id);
    },
  };
}

/** Not LIKE: what is searched for may hold its wildcards. */
function contains(search: string): SQL | undefined {
  const part = search.toLowerCase();
  return or(...[users.username, users.nickname, users.email, users.phone].map((column) => sql`instr(lower(${column}), ${part}) > 0`));
}
