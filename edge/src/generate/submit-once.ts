import { GenerateAnswer, type GenerateRequest } from "@star-graph/shared/rest/generate";
import { answerOnce, type AnswerOnceDeps } from "../idempotency/answer-once.ts";
import { requestKey } from "../idempotency/request-key.ts";
import { submitTask, type SubmitTaskDeps } from "./submit-task.ts";

export type SubmitOnceDeps = SubmitTaskDeps & AnswerOnceDeps;

/**
 * Accepts a task, or repeats the answer that the same key and body had.
 * @param idempotencyKey as the client wrote it, if it did
 * @throws {AppError} what `submitTask` throws; `BAD_REQUEST` for a key that cannot be one, or that was used with another body.
 */
export async function submitOnce(
  deps: SubmitOnceDeps,
  userId: number,
  request: GenerateRequest,
  idempotencyKey: string | undefined,
  now: number,
): Promise<GenerateAnswer> {
  const key = await requestKey(idempotencyKey, request.type, request.body);
  const { answer } = await answerOnce(deps, userId, key, GenerateAnswer, now, () =>
    submitTask(deps, userId, request, now, { record: (given) => key && { ...key, answer: given } }),
  );
  return answer;
}
