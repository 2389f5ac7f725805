import type { QueueClock } from "./clock.ts";
import type { DispatchStore } from "./store.ts";
import { onEnded, onGivenUp, onResultUnusable, onStartRefused } from "./task-events.ts";
import type { Attempt, Duty, DutyOutcome, Effect } from "./types.ts";

/** A duty was carried out: what follows for the work list and the agent. */
export function onDutyDone(store: DispatchStore, duty: Duty, outcome: DutyOutcome, clock: QueueClock): Effect[] {
  const { taskId, attempt } = duty;
  switch (outcome.kind) {
    case "done":
      return [];
    case "ended":
      onEnded(store, taskId, attempt?.id ?? null);
      return attempt ? [acknowledge(attempt, outcome.outcome === "refused" ? "refused" : "recorded")] : [];
    case "start-refused":
      return attempt ? onStartRefused(store, taskId, attempt) : [];
    case "given-up":
      // What follows an end concerns no task that lives, though one of that id may.
      if (duty.kind === "cancelled" || duty.kind === "stopped") return [];
      return [
        ...(attempt && (duty.kind === "completed" || duty.kind === "failed") ? [acknowledge(attempt, "refused")] : []),
        ...onGivenUp(store, taskId, attempt?.id ?? null, clock),
      ];
    case "result-unusable":
      return attempt ? [acknowledge(attempt, "refused"), ...onResultUnusable(store, taskId, attempt, outcome.reason, clock)] : [];
  }
}

const acknowledge = ({ agentId, id }: Attempt, outcome: "recorded" | "refused"): Effect => ({
  kind: "send",
  agentId,
  message: { type: "ack", attemptId: id, outcome },
});
