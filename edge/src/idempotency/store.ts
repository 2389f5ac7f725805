import { and, eq, gt, lte } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { idempotencyKeys } from "../db/schema.ts";

export interface IdempotencyStore {
  /**
   * What was answered to that key after that time; null when it was not used. `answer` is null when it was used, but nothing came of
   * that item of its batch.
   */
  findAnswer(userId: number, key: string, item: number, after: number): Promise<{ bodyHash: string; answer: unknown } | null>;
  /** Forgets what nobody may repeat any more. */
  sweepAnswers(upTo: number): Promise<void>;
}

export function createIdempotencyStore(db: Database): IdempotencyStore {
  return {
    async findAnswer(userId, key, item, after) {
      const rows = await db
        .select()
        .from(idempotencyKeys)
        .where(and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key), gt(idempotencyKeys.createTime, after)));
      const [any] = rows;
      return any ? { bodyHash: any.bodyHash, answer: rows.find((row) => row.item === item)?.answer ?? null } : null;
    },
    async sweepAnswers(upTo) {
      await db.delete(idempotencyKeys).where(lte(idempotencyKeys.createTime, upTo));
    },
  };
}
