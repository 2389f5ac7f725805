import { AppError } from "@star-graph/shared/errors";
import type { z } from "zod";
import { type RequestKey, REMEMBER_MS } from "./request-key.ts";
import type { IdempotencyStore } from "./store.ts";

export type AnswerOnceDeps = Pick<IdempotencyStore, "findAnswer">;

export interface Once<A> {
  answer: A;
  /** The answer is an earlier one's. */
  isRepeat: boolean;
}

/**
 * Answers a repeated request with the first answer, and lets only one of two parallel repeats do the work.
 * @param work does it, and writes key and answer in the batch that creates the task; null when that batch found the key there
 * @throws {AppError} `BAD_REQUEST` when the key was used with another body.
 */
export async function answerOnce<A>(
  deps: AnswerOnceDeps,
  userId: number,
  request: RequestKey | null,
  schema: z.ZodType<A>,
  now: number,
  work: () => Promise<A | null>,
): Promise<Once<A>> {
  const earlier = request && (await findEarlier(deps, userId, request, schema, now));
  if (earlier !== null) return { answer: earlier, isRepeat: true };
  const answer = await work();
  if (answer !== null) return { answer, isRepeat: false };
  const winner = request && (await findEarlier(deps, userId, request, schema, now));
  if (winner === null) throw new Error("the winning repeat left no answer");
  return { answer: winner, isRepeat: true };
}

/** For work of several answers: before any of it. @throws {AppError} `BAD_REQUEST` when the key was used with another body. */
export async function refuseOtherBody(deps: AnswerOnceDeps, userId: number, request: RequestKey | null, now: number): Promise<void> {
  const earlier = request && (await deps.findAnswer(userId, request.key, request.item, now - REMEMBER_MS));
  if (earlier && earlier.bodyHash !== request.bodyHash) throw new AppError("BAD_REQUEST", { text: USED });
}

async function findEarlier<A>(
  deps: AnswerOnceDeps,
  userId: number,
  { key, item, bodyHash }: RequestKey,
  schema: z.ZodType<A>,
  now: number,
): Promise<A | null> {
  const earlier = await deps.findAnswer(userId, key, item, now - REMEMBER_MS);
  if (!earlier) return null;
  if (earlier.bodyHash !== bodyHash) throw new AppError("BAD_REQUEST", { text: USED });
  return earlier.answer === null ? null : schema.parse(earlier.answer);
}

const USED = {
  zh: "请求参数错误：该 Idempotency-Key 已用于另一个请求",
  en: "This Idempotency-Key was used for another request",
};
