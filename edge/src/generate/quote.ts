import { ERRORS } from "@star-graph/shared/errors";
import type { GenerateRequest, QuoteAnswer } from "@star-graph/shared/rest/generate";
import type { Language } from "@star-graph/shared/text";
import type { UserStore } from "../users/store.ts";
import { planTask, type PlanTaskDeps } from "./plan-task.ts";
import { askPools, type PlaceTaskDeps, toQueue } from "./submit-task.ts";

export interface QuoteDeps extends PlanTaskDeps, Pick<PlaceTaskDeps, "poolsOf" | "wouldAdmit">, Pick<UserStore, "readBalance"> {}

/**
 * What a submission would cost and be told now. Nothing is stored, held or queued.
 * @throws {AppError} what is wrong with the request itself, as its submission would.
 */
export async function quote(
  deps: QuoteDeps,
  userId: number,
  request: GenerateRequest,
  language: Language,
  now: number,
): Promise<QuoteAnswer> {
  const { task, cost, submission } = await planTask(deps, userId, request);
  const { poolsOf, wouldAdmit } = deps;
  const { admission } = await askPools({ poolsOf, wouldAdmit, admit: wouldAdmit }, toQueue(task, submission, "quote", userId, now));
  if (!admission.admitted) return { cost, isAdmitted: false, refusal: refusal(admission.reason, language) };
  const time = { queuePosition: admission.queuePosition, estimatedTime: admission.estimatedSeconds };
  const { available } = await deps.readBalance(userId, now);
  if (available < cost) return { cost, isAdmitted: false, refusal: refusal("INSUFFICIENT_CREDITS", language), ...time };
  return { cost, isAdmitted: true, ...time };
}

function refusal(name: "NO_GPU" | "QUEUE_FULL" | "INSUFFICIENT_CREDITS", language: Language) {
  const row = ERRORS[name];
  return { code: row.code, message: row[language] };
}
