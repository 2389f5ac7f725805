import { and, eq, isNull, lte, or } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { agentKeys, users } from "../db/schema.ts";

/** How exactly the last use is known: an agent whose line is bad connects all the time. */
const TOUCH_MS = 60_000;

export interface AgentKeyRow {
  id: number;
  userId: number;
  trusted: boolean;
}

export interface AgentStore {
  /** The key with that hash; null when it is unknown or revoked, or its owner disabled. */
  findAgentKey(hash: string): Promise<AgentKeyRow | null>;
  /** Notes that an agent connected with it, at most once a minute. */
  touchAgentKey(keyId: number, now: number): Promise<void>;
}

export function createAgentStore(db: Database): AgentStore {
  return {
    async findAgentKey(hash) {
      const row = await db
        .select({ id: agentKeys.id, userId: agentKeys.userId, trusted: agentKeys.trusted })
        .from(agentKeys)
        .innerJoin(users, eq(users.id, agentKeys.userId))
        .where(and(eq(agentKeys.hash, hash), isNull(agentKeys.revokeTime), eq(users.disabled, false)))
        .get();
      return row ?? null;
    },
    async touchAgentKey(keyId, now) {
      const isStale = or(isNull(agentKeys.lastUsedTime), lte(agentKeys.lastUsedTime, now - TOUCH_MS));
      await db
        .update(agentKeys)
        .set({ lastUsedTime: now })
        .where(and(eq(agentKeys.id, keyId), isStale));
    },
  };
}
