import { log } from "../../http/log.ts";
import type { Duty, DutyOutcome } from "../queue/types.ts";
import { publishFailure, removeUnused, type PerformDutyDeps } from "./perform-duty.ts";

/** Tries after which a duty is given up if D1 answers at all: an hour, at the outbox's pace. */
export const LAST_TRY = 60;

/**
 * The last resort for a duty that cannot be done for another reason than that D1 is away: its task fails, its user has the hold
 * back. Nobody waits for ever then, neither the user for an end nor the agent for its word.
 * @throws while D1 does not answer: the duty is tried again like before.
 */
export async function giveUp(deps: PerformDutyDeps, duty: Duty): Promise<DutyOutcome> {
  const { taskId, attempt } = duty;
  const errorMessage = `its ${duty.kind === "completed" ? "result" : "state"} could not be recorded`;
  const followsAnEnd = duty.kind === "cancelled" || duty.kind === "stopped";
  const outcome = followsAnEnd
    ? await deps.findTask(taskId)
    : await deps.settleTask(taskId, null, { status: "FAILED", errorName: "INTERNAL", errorMessage }, duty.at);
  try {
    // Of an attempt that goes on, the duty that ends it removes the files.
    if (duty.kind !== "started") await removeUnused(deps, taskId, attempt);
    if (outcome === "settled") await publishFailure(deps, taskId, "INTERNAL");
  } catch (error) {
    // Most likely what the duty failed of. The user finds the end in the task's detail, and the sweep of files what is left.
    log("warn", "end of a task not told", { taskId, error: String(error) });
  }
  return { kind: "given-up" };
}
