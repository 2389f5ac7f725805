import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { type EngineTask, EngineTask as EngineTaskSchema } from "@star-graph/shared/rest/generate";
import { workOf } from "@star-graph/shared/work";
import { databaseMessage, type Database } from "../../db/client.ts";
import { attempts, inputs, models, tasks, users } from "../../db/schema.ts";
import { log } from "../../http/log.ts";
import type { Shard } from "../shards/pools.ts";
import type { Attempt, TaskToQueue } from "../queue/types.ts";

export type TaskRecord = typeof tasks.$inferSelect;

/** A live task as the sweep finds it in D1. */
export interface FoundTask {
  task: TaskToQueue;
  attempt: Attempt | null;
  startTime: number;
}

/** A place in the order of creation. */
interface TaskCursor {
  createTime: number;
  taskId: string;
}

export interface LivePage {
  tasks: FoundTask[];
  /** Ids of those whose parameters this version cannot read. */
  unreadable: string[];
  /** Where the next page begins; null when there is none. */
  next: TaskCursor | null;
}

/** What the Dispatcher writes to and reads from the book of record, beside money. */
export interface History {
  findTask(taskId: string): Promise<TaskRecord | null>;
  findAttempt(attemptId: string): Promise<{ outcome: string | null } | null>;
  /** A task's input picture, also when its bytes are gone: who fetches it is told. */
  findInput(inputId: string): Promise<{ sha256: string; size: number } | null>;
  /** `refused`: the task is not waiting for this attempt. A repeat is `recorded`. */
  recordStart(taskId: string, attempt: Attempt, now: number): Promise<"recorded" | "refused">;
  /**
   * The attempt is over and the task waits again. Without effect when it does not hold the task any more.
   * @param failures of the task until now; a hand-back counts as none
   */
  recordLoss(taskId: string, attemptId: string, outcome: "LOST" | "FAILED", reason: string, now: number, failures?: number): Promise<void>;
  /** The agent's word that a cancelled attempt has stopped; of a repeat the first counts. Without effect on one that was not cancelled. */
  recordStop(attemptId: string, now: number): Promise<void>;
  /** Gives a waiting task to another shard; false when it is not waiting in that one any more. */
  moveTask(taskId: string, from: Shard, to: Shard): Promise<boolean>;
  /** Live tasks of a shard, oldest first, that were created before that time and come after that task. */
  findLive(shard: Shard, createdBefore: number, after: TaskCursor, limit: number): Promise<LivePage>;
  /** Which of these tasks have ended. */
  findEnded(taskIds: string[]): Promise<string[]>;
}

/** Parameters of a stored task, as an engine is given them; null when this version cannot read them. */
export function readEngineTask({ id, type, parameters }: Pick<TaskRecord, "id" | "type" | "parameters">): EngineTask | null {
  const read = EngineTaskSchema.safeParse({ type, parameters });
  if (!read.success) log("error", "task cannot be read", { taskId: id, error: String(read.error) });
  return read.success ? read.data : null;
}

/** What of a task is its user's and its model's, as it is now. */
interface Standing {
  vip: TaskToQueue["vip"] | null;
  memoryBytes: number | null;
}

/** What the queue has to know of a stored task. */
function toQueueTask(row: TaskRecord, engineTask: EngineTask, { vip, memoryBytes }: Standing): TaskToQueue {
  return {
    taskId: row.id,
    userId: row.userId,
    type: row.type,
    model: row.model,
    ...workOf(engineTask),
    ...(memoryBytes !== null && { memoryBytes }),
    ...(vip && vip.level > 0 && { vip }),
    clientId: row.clientId,
    createTime: row.createTime,
    startBy: row.startBy,
    finishBy: row.finishBy,
    failures: row.failureCount,
    attemptNumber: row.attemptCount,
  };
}

export function createHistory(db: Database): History {
  return {
    async findTask(taskId) {
      return (await db.select().from(tasks).where(eq(tasks.id, taskId)).get()) ?? null;
    },
    async findAttempt(attemptId) {
      return (await db.select({ outcome: attempts.outcome }).from(attempts).where(eq(attempts.id, attemptId)).get()) ?? null;
    },
    async findInput(inputId) {
      const row = await db.select({ sha256: inputs.sha256, size: inputs.sizeBytes }).from(inputs).where(eq(inputs.id, inputId)).get();
      return row ?? null;
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
    async recordLoss(taskId, attemptId, outcome, reason, now, failures) {
      await db.batch([
        db
          .update(attempts)
          .set({ outcome, reason, endTime: now })
          .where(and(eq(attempts.id, attemptId), eq(attempts.taskId, taskId), isNull(attempts.outcome))),
        db
          .update(tasks)
          .set({ status: "PENDING", attemptId: null, startTime: null, ...(failures !== undefined && { failureCount: failures }) })
          .where(and(eq(tasks.id, taskId), eq(tasks.status, "PROCESSING"), eq(tasks.attemptId, attemptId))),
      ]);
    },
    async recordStop(attemptId, now) {
      await db
        .update(attempts)
        .set({ stopMs: sql`CAST(max(0, ${now} - ${attempts.endTime}) AS INTEGER)` })
        .where(and(eq(attempts.id, attemptId), eq(attempts.outcome, "CANCELLED"), isNull(attempts.stopMs)));
    },
    async moveTask(taskId, from, to) {
      const waitsThere = and(eq(tasks.id, taskId), eq(tasks.pool, from.pool), eq(tasks.shard, from.shard), eq(tasks.status, "PENDING"));
      const { meta } = await db.update(tasks).set({ pool: to.pool, shard: to.shard }).where(waitsThere);
      return meta.changes > 0;
    },
    async findLive({ pool, shard }, createdBefore, after, limit) {
      const rows = await db
        .select({
          row: tasks,
          vip: { level: users.vipLevel, until: users.vipExpireTime },
          memoryBytes: models.memoryBytes,
          agentId: attempts.agentId,
          agentName: attempts.agentName,
          number: attempts.number,
        })
        .from(tasks)
        .leftJoin(users, eq(users.id, tasks.userId))
        .leftJoin(models, eq(models.name, tasks.model))
        .leftJoin(attempts, eq(attempts.id, tasks.attemptId))
        .where(
          and(
            eq(tasks.pool, pool),
            eq(tasks.shard, shard),
            inArray(tasks.status, ["PENDING", "PROCESSING"]),
            sql`${tasks.createTime} < ${createdBefore} AND (${tasks.createTime}, ${tasks.id}) > (${after.createTime}, ${after.taskId})`,
          ),
        )
        .orderBy(tasks.createTime, tasks.id)
        .limit(limit);
      const last = rows.length === limit ? rows.at(-1)?.row : undefined;
      // One that this version cannot read must not keep the others waiting.
      const unreadable: string[] = [];
      const found = rows.flatMap(({ row, vip, memoryBytes, agentId, agentName, number }) => {
        const engineTask = readEngineTask(row);
        if (!engineTask) {
          unreadable.push(row.id);
          return [];
        }
        const task = toQueueTask(row, engineTask, { vip, memoryBytes });
        const isHeld = row.attemptId !== null && agentId !== null && agentName !== null && number !== null;
        const attempt = isHeld ? { id: row.attemptId ?? "", number, agentId, agentName } : null;
        return [{ task, attempt, startTime: row.startTime ?? row.createTime }];
      });
      return { tasks: found, unreadable, next: last ? { createTime: last.createTime, taskId: last.id } : null };
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
