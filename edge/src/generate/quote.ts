import { ERRORS } from "@star-graph/shared/errors";
import type { GenerateRequest, QuoteAnswer } from "@star-graph/shared/rest/generate";
import type { Language } from "@star-graph/shared/text";
import type { UserStore } from "../users/store.ts";
import { planTask, type PlanTaskDeps } from "./plan-task.ts";
import { askPools, type PlaceTaskDeps, refusalText, toQueue } from "./submit-task.ts";

export interface QuoteDeps extends PlanTaskDeps, Pick<PlaceTaskDeps, "poolsOf" | "shardsFor" | "vipOf">, Pick<UserStore, "readBalance"> {
  /** Whether a pool would take such a task now, without a submission behind it. */
  wouldAdmit: PlaceTaskDeps["admit"];
}

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
  const { task, cost, memoryBytes, submission } = await planTask(deps, userId, request);
  const { poolsOf, shardsFor, wouldAdmit } = deps;
  const asked = toQueue(task, submission, { taskId: "quote", userId, vip: await deps.vipOf(userId), memoryBytes }, now);
  const { admission } = await askPools({ poolsOf, shardsFor, admit: wouldAdmit, reserve: wouldAdmit }, asked);
  if (!admission.admitted) {
    const { code } = ERRORS[admission.reason];
    return { cost, isAdmitted: false, refusal: { code, message: refusalText(admission)[language] } };
  }
  const time = {
    queuePosition: admission.queuePosition,
    estimatedTime: admission.estimatedSeconds,
    estimatedTimeRange: admission.estimatedRange,
  };
  const { available } = await deps.readBalance(userId, now);
  const insufficient = ERRORS.INSUFFICIENT_CREDITS;
  if (available < cost) return { cost, isAdmitted: false, refusal: { code: insufficient.code, message: insufficient[language] }, ...time };
  return { cost, isAdmitted: true, ...time };
}
