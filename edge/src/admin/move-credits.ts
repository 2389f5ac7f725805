import { AppError } from "@star-graph/shared/errors";
import type { CreditsAnswer } from "@star-graph/shared/rest/admin/credits";
import type { Actor } from "../audit/audit-entry.ts";
import type { CreditRecord, CreditRecords } from "../billing/credit-records.ts";
import type { AdminTaskStore } from "./task-store.ts";

type Deps = CreditRecords;

const ACTIONS = { RECHARGE: "credits.recharge", ADJUST: "credits.adjust", REFUND: "credits.refund" } as const;

/**
 * Moves a user's credits, with a reason that they read in their records.
 * @throws {AppError} `NOT_FOUND` when there is no such user; `INSUFFICIENT_CREDITS` when more would be taken than is free.
 */
export async function moveCredits(deps: Deps, record: CreditRecord, actor: Actor): Promise<CreditsAnswer> {
  const account = await deps.readAccount(record.userId);
  if (!account) throw new AppError("NOT_FOUND");
  const { type, amount, reason, taskId } = record;
  const outcome = await deps.addRecord(record, {
    ...actor,
    action: ACTIONS[type],
    target: `user:${record.userId}`,
    before: null,
    after: { amount, reason, ...(taskId !== null && { taskId }) },
  });
  if (outcome === "insufficient") throw new AppError("INSUFFICIENT_CREDITS");
  if (outcome === "refused") {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "该任务没有可退还的扣费，或已退还", en: "That task has no charge to return, or it was returned before" },
    });
  }
  const { balance, frozen } = (await deps.readAccount(record.userId)) ?? account;
  return { userId: record.userId, amount, balance, freezed: frozen, available: balance - frozen };
}

/**
 * Returns the charge of a completed task, whole and once.
 * @throws {AppError} `NOT_FOUND` when there is no such task; `BAD_REQUEST` when nothing was charged or it was returned before.
 */
export async function refundTask(
  deps: Deps & Pick<AdminTaskStore, "findTaskForAdmin">,
  taskId: string,
  reason: string,
  actor: Actor,
): Promise<CreditsAnswer> {
  const found = await deps.findTaskForAdmin(taskId);
  if (!found) throw new AppError("NOT_FOUND");
  return moveCredits(deps, { userId: found.task.userId, type: "REFUND", amount: found.task.cost, reason, taskId }, actor);
}
