import { asc, eq, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { webhookDeliveries, webhookKeys } from "../db/schema.ts";
import type { SecretVersion } from "./secret.ts";

/** One try to deliver a callback. */
export type Delivery = typeof webhookDeliveries.$inferSelect;

export interface WebhookStore {
  secretVersion(userId: number): Promise<SecretVersion>;
  /** The next version is the current one from now on. */
  rotateSecret(userId: number, now: number): Promise<SecretVersion>;
  /** A try that is written twice stays as it was. */
  logDelivery(delivery: Delivery): Promise<void>;
  /** Tries of a task's callback, the first one first. */
  deliveriesOf(taskId: string): Promise<Delivery[]>;
}

export function createWebhookStore(db: Database): WebhookStore {
  return {
    async secretVersion(userId) {
      const row = await db
        .select({ version: webhookKeys.version, rotateTime: webhookKeys.rotateTime })
        .from(webhookKeys)
        .where(eq(webhookKeys.userId, userId))
        .get();
      return row ?? { version: 0, rotateTime: 0 };
    },
    async rotateSecret(userId, now) {
      return db
        .insert(webhookKeys)
        .values({ userId, version: 1, rotateTime: now })
        .onConflictDoUpdate({ target: webhookKeys.userId, set: { version: sql`${webhookKeys.version} + 1`, rotateTime: now } })
        .returning({ version: webhookKeys.version, rotateTime: webhookKeys.rotateTime })
        .get();
    },
    async logDelivery(delivery) {
      await db.insert(webhookDeliveries).values(delivery).onConflictDoNothing();
    },
    async deliveriesOf(taskId) {
      return db.select().from(webhookDeliveries).where(eq(webhookDeliveries.taskId, taskId)).orderBy(asc(webhookDeliveries.attempt));
    },
  };
}
