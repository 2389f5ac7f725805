import { and, eq, isNull, lt, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { inputs, results, tasks } from "../db/schema.ts";
import { CONTENT_TYPES } from "../files/inspect.ts";
import { MAX_INPUT_BYTES } from "./judge-picture.ts";

export type InputRow = typeof inputs.$inferSelect;

/** Pictures that tasks work on: rows in D1, bytes in R2 under `inputs/`. */
export interface InputStore {
  addInput(row: InputRow, bytes: Uint8Array): Promise<void>;
  /** The user's own and not deleted; by its key. */
  findOwnInput(userId: number, key: string): Promise<InputRow | null>;
  /** By its id, for the task that refers to it; null when its bytes are gone. */
  findInput(id: string): Promise<InputRow | null>;
  findInputOfTask(taskId: string): Promise<InputRow | null>;
  /** A result of one of the user's own tasks, unread when it is too large to be an input. */
  readOwnResult(userId: number, key: string): Promise<Uint8Array<ArrayBuffer> | "too-large" | null>;
  openInput(key: string): Promise<ReadableStream<Uint8Array> | null>;
  /** Moves the expiry, only ever to later. */
  keepInputUntil(id: string, expireTime: number): Promise<void>;
  /** Deletes the bytes; the row stays for the tasks that refer to it. */
  removeInput(id: string, now: number): Promise<void>;
  /** Inputs whose time is over, oldest first. */
  findExpiredInputs(now: number, limit: number): Promise<InputRow[]>;
}

export function createInputStore(db: Database, bucket: R2Bucket): InputStore {
  const present = isNull(inputs.deleteTime);
  return {
    async addInput(row, bytes) {
      // The row first: bytes without a row would never be found again.
      await db.insert(inputs).values(row);
      await bucket.put(row.fileKey, bytes, {
        sha256: row.sha256,
        httpMetadata: { contentType: CONTENT_TYPES[row.format] },
        customMetadata: { userId: String(row.userId) },
      });
    },
    async findOwnInput(userId, key) {
      return (
        (await db
          .select()
          .from(inputs)
          .where(and(eq(inputs.fileKey, key), eq(inputs.userId, userId), present))
          .get()) ?? null
      );
    },
    async findInput(id) {
      return (
        (await db
          .select()
          .from(inputs)
          .where(and(eq(inputs.id, id), present))
          .get()) ?? null
      );
    },
    async findInputOfTask(taskId) {
      const row = await db
        .select({ input: inputs })
        .from(tasks)
        .innerJoin(inputs, eq(inputs.id, tasks.inputId))
        .where(and(eq(tasks.id, taskId), present))
        .get();
      return row?.input ?? null;
    },
    async readOwnResult(userId, key) {
      const row = await db
        .select({ sizeBytes: results.sizeBytes })
        .from(results)
        .innerJoin(tasks, eq(tasks.id, results.taskId))
        .where(and(eq(results.fileKey, key), eq(tasks.userId, userId)))
        .get();
      if (!row) return null;
      if (row.sizeBytes > MAX_INPUT_BYTES) return "too-large";
      const object = await bucket.get(key);
      return object && new Uint8Array(await object.arrayBuffer());
    },
    async openInput(key) {
      return (await bucket.get(key))?.body ?? null;
    },
    async keepInputUntil(id, expireTime) {
      await db
        .update(inputs)
        .set({ expireTime: sql`max(${inputs.expireTime}, ${expireTime})` })
        .where(and(eq(inputs.id, id), present));
    },
    async removeInput(id, now) {
      const row = await db.select({ fileKey: inputs.fileKey }).from(inputs).where(eq(inputs.id, id)).get();
      if (!row) return;
      await bucket.delete(row.fileKey);
      await db.update(inputs).set({ deleteTime: now }).where(eq(inputs.id, id));
    },
    async findExpiredInputs(now, limit) {
      return db
        .select()
        .from(inputs)
        .where(and(lt(inputs.expireTime, now), present))
        .orderBy(inputs.expireTime)
        .limit(limit);
    },
  };
}
