import { and, count, eq, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { agents, agentTotals, users } from "../db/schema.ts";

export type AgentRow = typeof agents.$inferSelect & { username: string; completed: number; failed: number };

interface AgentPageQuery {
  page: number;
  pageSize: number;
  order: "asc" | "desc";
  sort: "createTime" | "connectTime" | "name";
}

/** D1's list of every agent that ever said hello (written by `dispatch/agent-register.ts`). */
export interface AgentRegisterStore {
  listAgents(
    filter: { userId?: number | undefined; keyId?: number | undefined },
    query: AgentPageQuery,
  ): Promise<{ rows: AgentRow[]; total: number }>;
  /** Whether an agent of that id ever said hello. */
  isRegistered(agentId: string): Promise<boolean>;
  /** Pools that an agent has ever served, the one with the newest connection first. */
  listPools(): Promise<string[]>;
}

const SORT_COLUMNS = { createTime: agents.createTime, connectTime: agents.connectTime, name: agents.name };

export function createAgentRegisterStore(db: Database): AgentRegisterStore {
  return {
    async listAgents({ userId, keyId }, query) {
      const filter = and(
        userId === undefined ? undefined : eq(agents.userId, userId),
        keyId === undefined ? undefined : eq(agents.keyId, keyId),
      );
      const [rows, counted] = await db.batch([
        db
          .select({
            agent: agents,
            username: users.username,
            completed: sql<number>`coalesce(${agentTotals.completed}, 0)`,
            failed: sql<number>`coalesce(${agentTotals.failed}, 0)`,
          })
          .from(agents)
          .innerJoin(users, eq(users.id, agents.userId))
          .leftJoin(agentTotals, eq(agentTotals.agentId, agents.id))
          .where(filter)
          .orderBy(...ordered(query, SORT_COLUMNS[query.sort], agents.id))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db.select({ total: count() }).from(agents).where(filter),
      ]);
      return { rows: rows.map(({ agent, ...more }) => ({ ...agent, ...more })), total: counted[0]?.total ?? 0 };
    },
    async isRegistered(agentId) {
      return (await db.select({ id: agents.id }).from(agents).where(eq(agents.id, agentId)).get()) !== undefined;
    },
    async listPools() {
      const rows = await db
        .select({ pool: agents.pool })
        .from(agents)
        .groupBy(agents.pool)
        .orderBy(sql`max(${agents.connectTime}) DESC`);
      return rows.map((row) => row.pool);
    },
  };
}
