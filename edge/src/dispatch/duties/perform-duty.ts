import type { FailureName } from "@star-graph/shared/agent-protocol";
import { ERRORS } from "@star-graph/shared/errors";
import type { EndMessage } from "@star-graph/shared/push";
import type { TaskStatus } from "@star-graph/shared/task";
import { outputOf } from "@star-graph/shared/work";
import type { Ledger, TaskEnd, TaskResult } from "../../billing/ledger.ts";
import { collectResults } from "../../files/collect-results.ts";
import type { FileStore } from "../../files/receive-upload.ts";
import { type History, readEngineTask } from "./history.ts";
import type { Attempt, Duty, DutyOutcome } from "../queue/types.ts";

export interface PerformDutyDeps
  extends Pick<History, "recordStart" | "recordLoss" | "recordStop" | "findTask">, Pick<Ledger, "settleTask"> {
  files: Pick<FileStore, "list" | "removeAll">;
  folderOf(attemptId: string): Promise<string>;
  fileUrl(key: string): string;
  /** @param callbackUrl the user's own server, if that is to be told too */
  publishEnd(userId: number, message: EndMessage, callbackUrl: string | null): Promise<void>;
}

/** Carries out one promise of the queue. Every step may be repeated: what is there already only answers. */
export async function performDuty(deps: PerformDutyDeps, duty: Duty): Promise<DutyOutcome> {
  switch (duty.kind) {
    case "started":
      return (await deps.recordStart(duty.taskId, duty.attempt, duty.at)) === "refused" ? { kind: "start-refused" } : { kind: "done" };
    case "lost":
      await deps.recordLoss(duty.taskId, duty.attempt.id, duty.outcome, duty.reason, duty.at, duty.failures);
      await removeUnused(deps, duty.taskId, duty.attempt);
      return { kind: "done" };
    case "completed":
      return complete(deps, duty);
    case "failed": {
      const end: TaskEnd = { status: "FAILED", errorName: duty.error, errorMessage: duty.message };
      const outcome = (await isElsewhere(deps, duty))
        ? "refused"
        : await deps.settleTask(duty.taskId, duty.attempt?.id ?? null, end, duty.at);
      await removeUnused(deps, duty.taskId, duty.attempt);
      if (outcome === "refused") await publishCancel(deps, duty.taskId);
      else await publishFailure(deps, duty.taskId, duty.error);
      return { kind: "ended", outcome };
    }
    case "cancelled":
      await removeUnused(deps, duty.taskId, duty.attempt);
      await publishCancel(deps, duty.taskId, duty.attempt !== null);
      return { kind: "done" };
    case "stopped":
      await deps.recordStop(duty.attempt.id, duty.at);
      // What it had on its way when the cancel removed its files.
      await removeUnused(deps, duty.taskId, duty.attempt);
      return { kind: "done" };
  }
}

/** It waited here too long, and runs: a shard that it was moved away from was told of it late. */
async function isElsewhere(deps: PerformDutyDeps, { taskId, attempt, error }: Extract<Duty, { kind: "failed" }>): Promise<boolean> {
  return attempt === null && error === "TASK_TIMEOUT" && (await deps.findTask(taskId))?.status === "PROCESSING";
}

async function complete(
  deps: PerformDutyDeps,
  { taskId, attempt, report, at }: Extract<Duty, { kind: "completed" }>,
): Promise<DutyOutcome> {
  const folder = await deps.folderOf(attempt.id);
  const task = await deps.findTask(taskId);
  if (!task) return { kind: "result-unusable", reason: "the task is gone" };
  const engineTask = readEngineTask(task);
  // It waits once more, and its next offer ends it.
  if (!engineTask) return { kind: "result-unusable", reason: "the task cannot be read" };
  const results = collectResults(folder, report.files, await deps.files.list(folder), outputOf(engineTask));
  if ("missing" in results) return { kind: "result-unusable", reason: `missing: ${results.missing}` };
  const end: TaskEnd = { status: "COMPLETED", results, servedBy: report.servedBy, notes: report.notes };
  const outcome = await deps.settleTask(taskId, attempt.id, end, at);
  if (outcome === "refused") {
    await removeUnused(deps, taskId, attempt);
    await publishCancel(deps, taskId);
  } else {
    await publish(deps, taskId, (ids) => ({
      type: "result",
      ...ids,
      status: "COMPLETED",
      results: results.map((file: TaskResult) => ({ url: deps.fileUrl(file.fileKey), thumbnailUrl: deps.fileUrl(file.thumbnailKey) })),
    }));
  }
  return { kind: "ended", outcome };
}

/** Removes the files of an attempt that came to nothing, never of one that completed its task: a late duty may not know. */
export async function removeUnused(deps: PerformDutyDeps, taskId: string, attempt: Attempt | null): Promise<void> {
  if (!attempt) return;
  const task = await deps.findTask(taskId);
  if (task?.status === "COMPLETED" && task.attemptId === attempt.id) return;
  await deps.files.removeAll(await deps.folderOf(attempt.id));
}

/** A user is told of a cancel only when D1 has one: what refused an end here may have been any other end. */
const publishCancel = (deps: PerformDutyDeps, taskId: string, isStopping = false): Promise<void> =>
  publish(deps, taskId, (ids, status) =>
    status === "CANCELLED" ? { type: "result", ...ids, status, results: [], ...(isStopping && { stopping: true as const }) } : null,
  );

/** Spec 8.3's error message, with the document's code. */
export function publishFailure(deps: PerformDutyDeps, taskId: string, error: FailureName): Promise<void> {
  const { code, zh } = ERRORS[error];
  return publish(deps, taskId, (ids) => ({ type: "error", ...ids, code, message: `生成失败：${zh}` }));
}

async function publish(
  deps: PerformDutyDeps,
  taskId: string,
  message: (ids: { taskId: string; clientId?: string }, status: TaskStatus) => EndMessage | null,
): Promise<void> {
  const task = await deps.findTask(taskId);
  if (!task) return;
  const end = message({ taskId, ...(task.clientId !== null && { clientId: task.clientId }) }, task.status);
  if (end) await deps.publishEnd(task.userId, end, task.callbackUrl);
}
