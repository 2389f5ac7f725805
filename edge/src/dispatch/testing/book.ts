import type { EndMessage } from "@star-graph/shared/push";
import { Text2ImgParameters } from "@star-graph/shared/rest/generate";
import type { SettleOutcome, TaskEnd } from "../../billing/ledger.ts";
import type { FoundTask, TaskRecord } from "../duties/history.ts";
import type { PerformDutyDeps } from "../duties/perform-duty.ts";
import type { Attempt, TaskToQueue } from "../queue/types.ts";

interface AttemptRow extends Attempt {
  taskId: string;
  outcome: string | null;
}

type Row = Pick<TaskRecord, "status" | "attemptId" | "attemptCount" | "failureCount" | "startTime"> & { task: TaskToQueue };

const isLive = (row: Row): boolean => row.status === "PENDING" || row.status === "PROCESSING";

/**
 * D1, R2 and the hubs in memory, with the rules that the migrations enforce (billing/ledger.test.ts proves those): what
 * the duties of a queue are carried out on.
 */
export class Book implements PerformDutyDeps {
  isDown = false;
  readonly rows = new Map<string, Row>();
  readonly attempts = new Map<string, AttemptRow>();
  /** Attempts whose files are stored. */
  readonly stored = new Set<string>();
  readonly published: EndMessage[] = [];
  /** Cancelled attempts whose agents have said that they stopped. */
  readonly stopped = new Set<string>();

  open(task: TaskToQueue): void {
    this.rows.set(task.taskId, { task, status: "PENDING", attemptId: null, attemptCount: 0, failureCount: 0, startTime: null });
  }

  status(taskId: string): string {
    return this.rows.get(taskId)?.status ?? "absent";
  }

  /** As the Worker cancels. */
  cancel(taskId: string): boolean {
    return this.#end(taskId, null, "CANCELLED") === "settled";
  }

  findLive(): FoundTask[] {
    return [...this.rows.values()].filter(isLive).map((row) => {
      const attempt = row.attemptId === null ? undefined : this.attempts.get(row.attemptId);
      const task = { ...row.task, failures: row.failureCount, attemptNumber: row.attemptCount };
      return { task, attempt: attempt ?? null, startTime: row.startTime ?? row.task.createTime };
    });
  }

  findEnded(taskIds: string[]): string[] {
    return taskIds.filter((taskId) => {
      const row = this.rows.get(taskId);
      return row && !isLive(row);
    });
  }

  async recordStart(taskId: string, attempt: Attempt, now: number) {
    this.#reach();
    const row = this.rows.get(taskId);
    if (row?.status === "PENDING" && !this.attempts.has(attempt.id)) {
      this.attempts.set(attempt.id, { ...attempt, taskId, outcome: null });
      this.rows.set(taskId, { ...row, status: "PROCESSING", attemptId: attempt.id, attemptCount: attempt.number, startTime: now });
      return "recorded";
    }
    return row?.attemptId === attempt.id ? "recorded" : "refused";
  }

  async recordLoss(taskId: string, attemptId: string, outcome: "LOST" | "FAILED", _reason: string, _now: number, failures?: number) {
    this.#reach();
    const attempt = this.attempts.get(attemptId);
    if (attempt) attempt.outcome ??= outcome;
    const row = this.rows.get(taskId);
    if (row?.status === "PROCESSING" && row.attemptId === attemptId)
      this.rows.set(taskId, { ...row, status: "PENDING", attemptId: null, startTime: null, failureCount: failures ?? row.failureCount });
  }

  async recordStop(attemptId: string) {
    this.#reach();
    this.stopped.add(attemptId);
  }

  async findTask(taskId: string) {
    this.#reach();
    const row = this.rows.get(taskId);
    return row ? aTaskRecord(row) : null;
  }

  async settleTask(taskId: string, attemptId: string | null, end: TaskEnd): Promise<SettleOutcome> {
    this.#reach();
    return this.#end(taskId, attemptId, end.status);
  }

  #end(taskId: string, attemptId: string | null, status: TaskEnd["status"]): SettleOutcome {
    const row = this.rows.get(taskId);
    const isCurrent = attemptId === null || row?.attemptId === attemptId;
    if (!row || !isLive(row) || !isCurrent) return row?.status === status && isCurrent ? "already" : "refused";
    this.rows.set(taskId, { ...row, status });
    for (const attempt of this.attempts.values()) if (attempt.taskId === taskId) attempt.outcome ??= status;
    return "settled";
  }

  readonly files: PerformDutyDeps["files"] = {
    list: async (folder) => {
      this.#reach();
      const file = { size: 70, sha256: "0".repeat(64), custom: { format: "PNG", width: "64", height: "64" } };
      return this.stored.has(folder.slice(0, -1))
        ? [
            { key: `${folder}0.png`, ...file },
            { key: `${folder}0_thumb.png`, ...file },
          ]
        : [];
    },
    removeAll: async (folder) => {
      this.#reach();
      this.stored.delete(folder.slice(0, -1));
    },
  };

  folderOf = async (attemptId: string) => `${attemptId}/`;
  fileUrl = (key: string) => `https://files.test/${key}`;

  async publishEnd(_userId: number, message: EndMessage) {
    this.#reach();
    this.published.push(message);
  }

  #reach(): void {
    if (this.isDown) throw new Error("D1 is down");
  }
}

function aTaskRecord({ task, ...row }: Row): TaskRecord {
  const isOver = row.status !== "PENDING" && row.status !== "PROCESSING";
  return {
    id: task.taskId,
    userId: task.userId,
    type: task.type,
    model: task.model,
    prompt: "a cat",
    // A picture as small as they come: the queue does not look at it.
    parameters: Text2ImgParameters.parse({ prompt: "a cat", width: 64, height: 64, steps: 1, seed: 1 }),
    cost: 10,
    clientId: task.clientId,
    retryOf: null,
    pool: "public",
    shard: 0,
    createTime: task.createTime,
    completeTime: isOver ? task.createTime : null,
    servedBy: null,
    notes: null,
    errorName: null,
    errorMessage: null,
    startBy: task.startBy,
    finishBy: task.finishBy,
    callbackUrl: null,
    inputId: null,
    ...row,
  };
}
