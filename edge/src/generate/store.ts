import type { ModelLimits } from "@star-graph/shared/model-limits";
import { and, eq, isNull } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { agentKeys, models, users } from "../db/schema.ts";
import { ownerPool, PUBLIC_POOL } from "../dispatch/shards/pools.ts";
import type { TaskToQueue } from "../dispatch/queue/types.ts";

export interface ModelRow {
  name: string;
  types: string[];
  priceCredits: number;
  limits: ModelLimits;
  /** GPU memory that it needs; null where nobody said it. */
  memoryBytes: number | null;
}

export interface GenerateStore {
  /** A model that may be asked for; null when there is none or it is switched off. */
  findModel(name: string): Promise<ModelRow | null>;
  /** The pools that may run this user's tasks, in the order to ask them. */
  poolsOf(userId: number): Promise<string[]>;
  /** What raises the weight of the user's tasks in the queue; null for an ordinary user. */
  vipOf(userId: number): Promise<NonNullable<TaskToQueue["vip"]> | null>;
}

export function createGenerateStore(db: Database): GenerateStore {
  return {
    async findModel(name) {
      return (
        (await db
          .select()
          .from(models)
          .where(and(eq(models.name, name), eq(models.enabled, true)))
          .get()) ?? null
      );
    },
    async poolsOf(userId) {
      const ownKey = await db
        .select({ id: agentKeys.id })
        .from(agentKeys)
        .where(and(eq(agentKeys.userId, userId), eq(agentKeys.trusted, false), isNull(agentKeys.revokeTime)))
        .limit(1)
        .get();
      return ownKey ? [ownerPool(userId), PUBLIC_POOL] : [PUBLIC_POOL];
    },
    async vipOf(userId) {
      const vip = await db.select({ level: users.vipLevel, until: users.vipExpireTime }).from(users).where(eq(users.id, userId)).get();
      return vip && vip.level > 0 ? vip : null;
    },
  };
}
