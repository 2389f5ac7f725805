import type { HelloMessage } from "@star-graph/shared/agent-protocol";
import { and, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { agentKeys, agents, users } from "../../db/schema.ts";
import { poolOfKey } from "../shards/pools.ts";

/** D1's list of agents, for their owners and for administrators: written once for each hello. */
export interface AgentRegister {
  /**
   * @returns the pool that the agent's key counts for now, null when for none: it may have been revoked or moved while the
   *   socket was being opened.
   */
  recordHello(agentId: string, keyId: number, pool: string, hello: HelloMessage, now: number): Promise<string | null>;
}

export function createAgentRegister(db: Database): AgentRegister {
  return {
    async recordHello(agentId, keyId, pool, { agent: { name, version }, capabilities: { slots, models } }, now) {
      const seen = { pool, name, version, slots, models, connectTime: now };
      const [keys] = await db.batch([
        db
          .select({ userId: agentKeys.userId, trusted: agentKeys.trusted })
          .from(agentKeys)
          .innerJoin(users, eq(users.id, agentKeys.userId))
          .where(and(eq(agentKeys.id, keyId), isNull(agentKeys.revokeTime), eq(users.disabled, false))),
        db
          .insert(agents)
          .values({ id: agentId, keyId, userId: sql`(SELECT user_id FROM agent_keys WHERE id = ${keyId})`, createTime: now, ...seen })
          .onConflictDoUpdate({ target: agents.id, set: seen }),
      ]);
      return keys[0] ? poolOfKey(keys[0]) : null;
    },
  };
}
