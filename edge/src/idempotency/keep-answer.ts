import { and, eq, lte } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { idempotencyKeys } from "../db/schema.ts";
import { type AnswerRecord, REMEMBER_MS } from "./request-key.ts";

/** What a repeat of that user's request is answered, to stand in the batch that does its work; the batch of a repeat is aborted. */
export function keepAnswer(db: Database, userId: number, record: AnswerRecord | null | undefined, now: number) {
  if (!record) return [] as const;
  const { key, item } = record;
  const isSame = and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key), eq(idempotencyKeys.item, item));
  // One that is too old to be repeated, and which the sweep has not come to.
  const outdated = and(isSame, lte(idempotencyKeys.createTime, now - REMEMBER_MS));
  return [db.delete(idempotencyKeys).where(outdated), db.insert(idempotencyKeys).values({ userId, createTime: now, ...record })] as const;
}

/** @param message the database's, of a batch that failed */
export const isRepeat = (message: string): boolean => message.includes("UNIQUE constraint failed: idempotency_keys");
