import { AppError } from "@star-graph/shared/errors";
import type { CreditsAnswer } from "@star-graph/shared/rest/admin/credits";
import type { Actor } from "../audit/audit-entry.ts";
import type { CreditRecord, CreditRecords } from "../billing/credit-records.ts";
import { answerOnce, type AnswerOnceDeps } from "../idempotency/answer-once.ts";
import type { AnswerRecord, RequestKey } from "../idempotency/request-key.ts";
import { z } from "zod";
import type { TaskHistoryStore } from "../tasks/history-store.ts";
import type { AdminTaskStore } from "./task-store.ts";

type Deps = CreditRecords & AnswerOnceDeps;

/** What is kept for a repeat; its answer has the account as it is by then. */
const Moved = z.object({ userId: z.int(), amount: z.int() });

const ACTIONS = { RECHARGE: "credits.recharge", ADJUST: "credits.adjust", REFUND: "credits.refund" } as const;

/**
 * Moves a user's credits, with a reason that they read in their records.
 * @param key of the administrator's request: a repeat with it moves nothing
 * @throws {AppError} `NOT_FOUND` when there is no such user; `INSUFFICIENT_CREDITS` when more would be taken than is free;
 * `BAD_REQUEST` for a key that was used for another request.
 */
export async function moveCredits(deps: Deps, record: CreditRecord, actor: Actor, key: RequestKey | null = null): Promise<CreditsAnswer> {
  const account = await deps.readAccount(record.userId);
  if (!account) throw new AppError("NOT_FOUND");
  const moved = { userId: record.userId, amount: record.amount };
  await answerOnce(deps, actor.adminId, key, Moved, actor.now, async () => {
    const isNew = await addRecord(deps, record, actor, key && { ...key, answer: moved });
    return isNew ? moved : null;
  });
  const { balance, frozen } = (await deps.readAccount(record.userId)) ?? account;
  return { ...moved, balance, freezed: frozen, available: balance - frozen };
}

/** @returns false when a parallel request with the same key was first */
async function addRecord(deps: Deps, record: CreditRecord, actor: Actor, answer: AnswerRecord | null): Promise<boolean> {
  const { type, amount, reason, taskId } = record;
  const note = { action: ACTIONS[type], target: `user:${record.userId}`, before: null };
  const after = { amount, reason, ...(taskId !== null && { taskId }) };
  const outcome = await deps.addRecord(record, { ...actor, ...note, after }, answer);
  if (outcome === "insufficient") throw new AppError("INSUFFICIENT_CREDITS");
  if (outcome === "refused") {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "该任务没有可退还的扣费，或已退还", en: "That task has no charge to return, or it was returned before" },
    });
  }
  return outcome === "recorded";
}

/**
 * Returns what a task was charged, whole and once.
 * @throws {AppError} `NOT_FOUND` when there is no such task; `BAD_REQUEST` when nothing was charged or it was returned before.
 */
export async function refundTask(
  deps: Deps & Pick<AdminTaskStore, "findTaskForAdmin"> & TaskHistoryStore,
  taskId: string,
  reason: string,
  actor: Actor,
): Promise<CreditsAnswer> {
  const found = await deps.findTaskForAdmin(taskId);
  if (!found) throw new AppError("NOT_FOUND");
  const { charge } = await deps.readHistory(taskId);
  // Without a charge the database refuses it, whatever the amount.
  const amount = charge ? Math.abs(charge.amount) : found.task.cost;
  return moveCredits(deps, { userId: found.task.userId, type: "REFUND", amount, reason, taskId }, actor);
}
