import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { type EngineTask, EngineTask as EngineTaskSchema } from "@star-graph/shared/rest/generate";
import { databaseMessage, type Database } from "../db/client.ts";
import { attempts, tasks } from "../db/schema.ts";
import { log } from "../http/log.ts";
import type { Attempt, TaskToQueue } from "./types.ts";

export type TaskRecord = typeof tasks.$inferSelect;

/** A live task as the sweep finds it in D1. */
export interface FoundTask {
  task: TaskToQueue;
  attempt: Attempt | null;
  startTime: number;
}

/** What the Dispatcher writes to and reads from the book of record, beside money. */
export interface History {
  findTask(taskId: string): Promise<TaskRecord | null>;
  findAttempt(attemptId: string): Promise<{ outcome: string | null } | null>;
  /** `refused`: the task is not waiting for this attempt. A repeat is `recorded`. */
  recordStart(taskId: string, attempt: Attempt, now: number): Promise<"recorded" | "refused">;
  /** The attempt is over and the task waits again. Without effect when it does not hold the task any more. */
  recordLoss(taskId: string, attemptId: string, outcome: "LOST" | "FAILED", reason: string, now: number): Promise<void>;
  /** Live tasks of a pool, oldest first, that were created before that time. */
  findLive(pool: string, createdBefore: number, limit: number): Promise<FoundTask[]>;
  /** Which of these tasks have ended. */
  findEnded(taskIds: string[]): Promise<string[]>;
}

/** Parameters of a stored task, as an engine is given them. */
export function toEngineTask(row: TaskRecord): EngineTask {
  return EngineTaskSchema.parse({ type: row.type, parameters: row.parameters });
}

/** What the queue has to know of a stored task. */
function toQueueTask(row: TaskRecord): TaskToQueue {
  const { width, height, steps, batchSize } = toEngineTask(row).parameters;
  const liveAttempts = row.status === "PROCESSING" ? 1 : 0;
  return {
    taskId: row.id,
    userId: row.userId,
    type: row.type,
    model: row.model,
    pixels: width * height,
    work: width * height * steps * batchSize,
    clientId: row.clientId,
    createTime: row.createTime,
    failures: row.attemptCount - liveAttempts,
    attemptNumber: row.attemptCount,
  };
}

/** One row that this version cannot read must not keep the others waiting. */
function readable(row: TaskRecord): TaskToQueue | null {
  try {
    return toQueueTask(row);
  } catch (error) {
    log("error", "task cannot be read", { taskId: row.id, error: String(error) });
    return null;
  }
}

export function createHistory(db: Database): History {
  return {
    async findTask(taskId) {
      return (await db.select().from(tasks).where(eq(tasks.id, taskId)).get()) ?? null;
    },
    async findAttempt(attemptId) {
      return (await db.select({ outcome: attempts.outcome }).from(attempts).where(eq(attempts.id, attemptId)).get()) ?? null;
    },
    async recordStart(taskId, { id, number, agentId, agentName }, now) {
      try {
        await db.batch([
          // Its trigger aborts the batch unless the task is waiting.
          db.insert(attempts).values({ id, taskId, number, agentId, agentName, startTime: now }),
          db.update(tasks).set({ status: "PROCESSING", attemptId: id, attemptCount: number, startTime: now }).where(eq(tasks.id, taskId)),
        ]);
        return "recorded";
      } catch (error) {
        if (!/task is not waiting|UNIQUE constraint failed: attempts/.test(databaseMessage(error))) throw error;
        const task = await db.select({ attemptId: tasks.attemptId }).from(tasks).where(eq(tasks.id, taskId)).get();
        return task?.attemptId === id ? "recorded" : "refused";
      }
    },
    async recordLoss(taskId, attemptId, outcome, reason, now) {
      await db.batch([
        db
          .update(attempts)
          .set({ outcome, reason, endTime: now })
          .where(and(eq(attempts.id, attemptId), eq(attempts.taskId, taskId), isNull(attempts.outcome))),
        db
          .update(tasks)
          .set({ status: "PENDING", attemptId: null, startTime: null })
          .where(and(eq(tasks.id, taskId), eq(tasks.status, "PROCESSING"), eq(tasks.attemptId, attemptId))),
      ]);
    },
    async findLive(pool, createdBefore, limit) {
      const rows = await db
        .select({ row: tasks, agentId: attempts.agentId, agentName: attempts.agentName, number: attempts.number })
        .from(tasks)
        .leftJoin(attempts, eq(attempts.id, tasks.attemptId))
        .where(
          and(
            eq(tasks.pool, pool),
            eq(tasks.shard, 0),
            inArray(tasks.status, ["PENDING", "PROCESSING"]),
            sql`${tasks.createTime} < ${createdBefore}`,
          ),
        )
        .orderBy(tasks.createTime)
        .limit(limit);
      return rows.flatMap(({ row, agentId, agentName, number }) => {
        const task = readable(row);
        if (!task) return [];
        const isHeld = row.attemptId !== null && agentId !== null && agentName !== null && number !== null;
        const attempt = isHeld ? { id: row.attemptId ?? "", number, agentId, agentName } : null;
        return [{ task, attempt, startTime: row.startTime ?? row.createTime }];
      });
    },

    async findEnded(taskIds) {
      if (taskIds.length === 0) return [];
      const rows = await db
        .select({ id: tasks.id })
        .from(tasks)
        .where(and(inArray(tasks.id, taskIds), inArray(tasks.status, ["COMPLETED", "FAILED", "CANCELLED"])));
      return rows.map((row) => row.id);
    },
  };
}
