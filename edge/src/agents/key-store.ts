import { and, count, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { type Audited, auditEntry } from "../audit/audit-entry.ts";
import { jsonOf } from "../audit/json-of.ts";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { agentKeys, users } from "../db/schema.ts";

export type KeyRow = Omit<typeof agentKeys.$inferSelect, "hash"> & { username: string };

interface KeyFilter {
  userId?: number | undefined;
  trusted?: boolean | undefined;
  revoked?: boolean | undefined;
}

interface KeyPage {
  page: number;
  pageSize: number;
  order: "asc" | "desc";
  sort: "createTime" | "lastUsedTime" | "name";
}

/** Agent keys, as their owners and administrators keep them. What an administrator writes is audited in the same batch. */
export interface AgentKeyStore {
  findAgentKeyById(keyId: number): Promise<KeyRow | null>;
  listAgentKeys(filter: KeyFilter, query: KeyPage): Promise<{ rows: KeyRow[]; total: number }>;
  countLiveAgentKeys(userId: number): Promise<number>;
  addAgentKey(
    key: { userId: number; name: string; hash: string; trusted: boolean; createTime: number },
    audited?: Audited,
  ): Promise<KeyRow>;
  /** A key that was revoked before keeps its time. */
  endAgentKey(keyId: number, now: number, audited?: Audited): Promise<void>;
  setAgentKeyTrust(keyId: number, trusted: boolean, audited: Audited): Promise<void>;
}

const COLUMNS = {
  id: agentKeys.id,
  userId: agentKeys.userId,
  username: users.username,
  name: agentKeys.name,
  trusted: agentKeys.trusted,
  createTime: agentKeys.createTime,
  lastUsedTime: agentKeys.lastUsedTime,
  revokeTime: agentKeys.revokeTime,
};
const SORT_COLUMNS = { createTime: agentKeys.createTime, lastUsedTime: agentKeys.lastUsedTime, name: agentKeys.name };

export function createAgentKeyStore(db: Database): AgentKeyStore {
  const selected = () => db.select(COLUMNS).from(agentKeys).innerJoin(users, eq(users.id, agentKeys.userId));

  /** For the audit line, read in the batch of the change. */
  const asItIs = (keyId: number, columns: Parameters<typeof jsonOf>[0]) =>
    sql`(SELECT ${jsonOf(columns)} FROM ${agentKeys} WHERE ${agentKeys.id} = ${keyId})`;

  return {
    async findAgentKeyById(keyId) {
      return (await selected().where(eq(agentKeys.id, keyId)).get()) ?? null;
    },
    async listAgentKeys({ userId, trusted, revoked }, query) {
      const filter = and(
        userId === undefined ? undefined : eq(agentKeys.userId, userId),
        trusted === undefined ? undefined : eq(agentKeys.trusted, trusted),
        revoked === undefined ? undefined : revoked ? isNotNull(agentKeys.revokeTime) : isNull(agentKeys.revokeTime),
      );
      const [rows, counted] = await db.batch([
        selected()
          .where(filter)
          .orderBy(...ordered(query, SORT_COLUMNS[query.sort], agentKeys.id))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db.select({ total: count() }).from(agentKeys).where(filter),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
    async countLiveAgentKeys(userId) {
      const live = and(eq(agentKeys.userId, userId), isNull(agentKeys.revokeTime));
      return (await db.select({ total: count() }).from(agentKeys).where(live).get())?.total ?? 0;
    },
    async addAgentKey(key, audited) {
      const target = sql`'agent-key:' || (SELECT id FROM agent_keys WHERE hash = ${key.hash})`;
      await db.batch([db.insert(agentKeys).values(key), ...(audited ? [auditEntry(db, audited, { target })] : [])]);
      const row = await selected().where(eq(agentKeys.hash, key.hash)).get();
      if (!row) throw new Error("the agent key was not made");
      return row;
    },
    async endAgentKey(keyId, now, audited) {
      const live = and(eq(agentKeys.id, keyId), isNull(agentKeys.revokeTime));
      const revoke = db.update(agentKeys).set({ revokeTime: now }).where(live);
      if (!audited) await revoke;
      else await db.batch([auditEntry(db, audited, { before: asItIs(keyId, { revokeTime: agentKeys.revokeTime }) }), revoke]);
    },
    async setAgentKeyTrust(keyId, trusted, audited) {
      await db.batch([
        auditEntry(db, audited, { before: asItIs(keyId, { trusted: agentKeys.trusted }) }),
        db.update(agentKeys).set({ trusted }).where(eq(agentKeys.id, keyId)),
      ]);
    },
  };
}
