import { AppError } from "@star-graph/shared/errors";
import { GenerateAnswer, toGenerateRequest, type TypedBody } from "@star-graph/shared/rest/generate";
import { asAppError, describeFault } from "../http/faults.ts";
import { log } from "../http/log.ts";
import { answerOnce, type AnswerOnceDeps, refuseOtherBody } from "../idempotency/answer-once.ts";
import type { RequestKey } from "../idempotency/request-key.ts";
import { submitTask, type SubmitTaskDeps } from "./submit-task.ts";

export type SubmitBatchDeps = SubmitTaskDeps & AnswerOnceDeps;

/** What became of one task of a batch. */
export type BatchOutcome = { answer: GenerateAnswer } | { error: AppError };

/** A task of a batch as it was read: one that is malformed is refused by itself. */
export type BatchItem = TypedBody | AppError;

/**
 * Submits tasks one after the other, in their order: each has a hold of its own, and one that is refused does not keep the others.
 * A repeat with the same key is answered the same for what was taken; what was refused is tried again.
 * @throws {AppError} `BAD_REQUEST` when the key was used for another request; nothing is submitted then.
 */
export async function submitBatch(
  deps: SubmitBatchDeps,
  userId: number,
  items: BatchItem[],
  request: RequestKey | null,
  now: number,
): Promise<BatchOutcome[]> {
  await refuseOtherBody(deps, userId, request, now);
  const outcomes: BatchOutcome[] = [];
  for (const [item, task] of items.entries()) {
    if (task instanceof AppError) {
      outcomes.push({ error: task });
      continue;
    }
    const key = request && { ...request, item };
    const submitted = answerOnce(deps, userId, key, GenerateAnswer, now, () =>
      submitTask(deps, userId, toGenerateRequest(task), now, { record: (given) => key && { ...key, answer: given } }),
    );
    outcomes.push(
      await submitted.then(
        ({ answer }) => ({ answer }),
        (error: unknown) => ({ error: itsError(error) }),
      ),
    );
  }
  return outcomes;
}

/** What was taken before a fault is taken: its client must learn of it. */
function itsError(error: unknown): AppError {
  if (!(error instanceof AppError)) log("error", "task of a batch failed", { error: describeFault(error) });
  return asAppError(error);
}
