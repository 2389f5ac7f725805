import { and, eq, isNull } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { agentKeys, users } from "../db/schema.ts";

export interface AgentKeyRow {
  id: number;
  userId: number;
  trusted: boolean;
}

export interface AgentStore {
  /** The key with that hash; null when it is unknown or revoked, or its owner disabled. */
  findAgentKey(hash: string): Promise<AgentKeyRow | null>;
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
  };
}
