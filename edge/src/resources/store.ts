import type { ModelLimits } from "@star-graph/shared/model-limits";
import type { FileQuery, UploadQuery } from "@star-graph/shared/rest/resources";
import type { ResultFormat, TaskType } from "@star-graph/shared/task";
import { and, eq, inArray, isNull, lt, sum } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { inputs, inputTotals, models, results, resultTotals, tasks } from "../db/schema.ts";

export interface ModelRow {
  name: string;
  types: string[];
  priceCredits: number;
  limits: ModelLimits;
  memoryBytes: number | null;
  createTime: number;
}

export type UploadRow = typeof inputs.$inferSelect;

export interface ResultFileRow {
  taskId: string;
  position: number;
  type: TaskType;
  fileKey: string;
  thumbnailKey: string;
  sizeBytes: number;
  width: number;
  height: number;
  format: ResultFormat;
  /** When its task completed, Unix milliseconds. */
  completeTime: number | null;
  expireTime: number;
}

/** A result's line and its two files. */
type StoredResult = Pick<ResultFileRow, "taskId" | "position" | "fileKey" | "thumbnailKey">;

/** What `/api/v1/resources/*` reads and deletes. */
export interface ResourceStore {
  /** Models that may be asked for: there are few, so all of them. */
  enabledModels(): Promise<ModelRow[]>;
  listUploads(userId: number, query: UploadQuery): Promise<{ rows: UploadRow[]; total: number }>;
  /** The user's own, not yet deleted. */
  findUpload(uploadId: string, userId: number): Promise<UploadRow | null>;
  /** Whether a task that has not ended still works on it. */
  isInputInUse(inputId: string): Promise<boolean>;
  listResults(userId: number, query: FileQuery): Promise<{ rows: ResultFileRow[]; total: number }>;
  /** A result of one of the user's own tasks. */
  findResultFile(taskId: string, position: number, userId: number): Promise<ResultFileRow | null>;
  /** Result files whose time is over, oldest first. */
  findExpiredResults(now: number, limit: number): Promise<StoredResult[]>;
  /**
   * At most 500. Bytes first: a fault in between leaves a line that can be deleted again, not bytes that nobody finds.
   */
  removeResults(files: StoredResult[]): Promise<void>;
}

const RESULT_COLUMNS = {
  taskId: results.taskId,
  position: results.position,
  type: tasks.type,
  fileKey: results.fileKey,
  thumbnailKey: results.thumbnailKey,
  sizeBytes: results.sizeBytes,
  width: results.width,
  height: results.height,
  format: results.format,
  completeTime: tasks.completeTime,
  expireTime: results.expireTime,
};

export function createResourceStore(db: Database, bucket: R2Bucket): ResourceStore {
  const present = isNull(inputs.deleteTime);
  const resultFiles = () => db.select(RESULT_COLUMNS).from(tasks).innerJoin(results, eq(results.taskId, tasks.id));

  return {
    async enabledModels() {
      return db.select().from(models).where(eq(models.enabled, true));
    },
    async listUploads(userId, { kind, ...query }) {
      const uploaded = kind === undefined ? undefined : kind === "UPLOAD";
      const own = and(eq(inputs.userId, userId), uploaded === undefined ? undefined : eq(inputs.uploaded, uploaded), present);
      const [rows, counted] = await db.batch([
        db
          .select()
          .from(inputs)
          .where(own)
          .orderBy(...ordered(query, query.sort === "size" ? inputs.sizeBytes : inputs.createTime, inputs.id))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db
          .select({ total: sum(inputTotals.files).mapWith(Number) })
          .from(inputTotals)
          .where(and(eq(inputTotals.userId, userId), uploaded === undefined ? undefined : eq(inputTotals.uploaded, uploaded))),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
    async findUpload(uploadId, userId) {
      return (
        (await db
          .select()
          .from(inputs)
          .where(and(eq(inputs.id, uploadId), eq(inputs.userId, userId), present))
          .get()) ?? null
      );
    },
    async isInputInUse(inputId) {
      const live = and(eq(tasks.inputId, inputId), inArray(tasks.status, ["PENDING", "PROCESSING"]));
      return (await db.select({ id: tasks.id }).from(tasks).where(live).limit(1).get()) !== undefined;
    },
    async listResults(userId, query) {
      const column = query.sort === "size" ? results.sizeBytes : tasks.createTime;
      const [rows, counted] = await db.batch([
        resultFiles()
          .where(eq(tasks.userId, userId))
          // Task and position together are the file's own.
          .orderBy(...ordered(query, column, tasks.id), results.position)
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db.select({ total: resultTotals.files }).from(resultTotals).where(eq(resultTotals.userId, userId)),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
    async findResultFile(taskId, position, userId) {
      return (
        (await resultFiles()
          .where(and(eq(tasks.id, taskId), eq(results.position, position), eq(tasks.userId, userId)))
          .get()) ?? null
      );
    },
    async findExpiredResults(now, limit) {
      const { taskId, position, fileKey, thumbnailKey, expireTime } = results;
      return db
        .select({ taskId, position, fileKey, thumbnailKey })
        .from(results)
        .where(lt(expireTime, now))
        .orderBy(expireTime)
        .limit(limit);
    },
    async removeResults(files) {
      await bucket.delete(files.flatMap(({ fileKey, thumbnailKey }) => [fileKey, thumbnailKey]));
      const [first, ...rest] = files.map(({ taskId, position }) =>
        db.delete(results).where(and(eq(results.taskId, taskId), eq(results.position, position))),
      );
      if (first) await db.batch([first, ...rest]);
    },
  };
}
