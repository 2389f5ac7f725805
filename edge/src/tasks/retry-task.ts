import { AppError } from "@star-graph/shared/errors";
import { EngineTask, type Submission } from "@star-graph/shared/rest/generate";
import type { RetryAnswer } from "@star-graph/shared/rest/tasks";
import { planRepeat } from "../generate/plan-task.ts";
import { placeTask, type SubmitTaskDeps } from "../generate/submit-task.ts";
import type { AnswerRecord } from "../idempotency/request-key.ts";
import type { TaskPicture } from "../inputs/read-picture.ts";
import type { InputStore } from "../inputs/store.ts";
import type { TaskRow, TaskStore } from "./store.ts";

export interface RetryTaskDeps extends SubmitTaskDeps, Pick<TaskStore, "findTask">, Pick<InputStore, "findInput"> {}

/**
 * Makes a new task of one that failed or was cancelled: same parameters, seed and picture, deadlines that
 * count from now, paid like a new one (spec 7.4).
 * @param record what a repeat of this request will be answered.
 * @returns null when a parallel repeat of the same request was first.
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else, `BAD_REQUEST` unless it failed or was
 *   cancelled, and what a submission throws.
 */
export async function retryTask(
  deps: RetryTaskDeps,
  taskId: string,
  userId: number,
  now: number,
  record: (answer: RetryAnswer) => AnswerRecord | null,
): Promise<RetryAnswer | null> {
  const row = await deps.findTask(taskId, userId);
  if (!row) throw new AppError("NOT_FOUND");
  if (row.status !== "FAILED" && row.status !== "CANCELLED") {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "只有失败或已取消的任务可以重试", en: "Only a task that failed or was cancelled can be retried" },
    });
  }
  const task = EngineTask.safeParse({ type: row.type, parameters: row.parameters });
  if (!task.success) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "任务的参数已无法读取，请重新提交", en: "The task's parameters cannot be read any more: submit it anew" },
      cause: task.error,
    });
  }
  const plan = await planRepeat(deps, task.data, await pictureOf(deps, row), submissionOf(row));
  const toAnswer = ({ taskId: newTaskId, queuePosition }: { taskId: string; queuePosition: number }) => ({ newTaskId, queuePosition });
  const placed = await placeTask(deps, userId, plan, now, { retryOf: taskId, record: (answer) => record(toAnswer(answer)) });
  return placed && toAnswer(placed);
}

/** What its client said beside what to make. Deadlines are kept as moments: the new task has as long as the old one had. */
function submissionOf({ clientId, callbackUrl, createTime, startBy, finishBy }: TaskRow): Submission {
  return {
    ...(clientId !== null && { clientId }),
    ...(callbackUrl !== null && { callbackUrl }),
    ...(startBy !== null && { startWithinSeconds: (startBy - createTime) / 1000 }),
    ...(finishBy !== null && { finishWithinSeconds: (finishBy - createTime) / 1000 }),
  };
}

async function pictureOf(deps: RetryTaskDeps, { inputId }: TaskRow): Promise<TaskPicture | null> {
  if (inputId === null) return null;
  const input = await deps.findInput(inputId);
  if (input) return { kind: "stored", input, width: input.width, height: input.height };
  throw new AppError("BAD_REQUEST", { text: { zh: "任务的输入图片已删除", en: "The task's input picture has been deleted" } });
}
