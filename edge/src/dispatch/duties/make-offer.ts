import { log } from "../../http/log.ts";
import type { AgentLines } from "../agents/agent-lines.ts";
import type { QueueClock } from "../queue/clock.ts";
import type { History } from "./history.ts";
import { prepareOffer, type PrepareOfferDeps } from "./prepare-offer.ts";
import type { DispatchStore } from "../queue/store.ts";
import { onOfferFailed, onOfferImpossible, onOfferUnreadable } from "../queue/task-events.ts";
import type { Effect, WorkItemIn } from "../queue/types.ts";

export interface MakeOfferDeps extends PrepareOfferDeps, Pick<AgentLines, "send">, Pick<History, "findEnded"> {
  store: DispatchStore;
  apply: (effects: Effect[]) => void;
  clock: () => QueueClock;
  pause: (ms: number) => Promise<unknown>;
}

/** Between the tries to read a task for its offer; together less than the time of an offer. */
const PAUSES_MS = [250, 500, 1000];

/** Offers in a row that could not be made of one task. From then on it is asked whether D1 is away, or only this task. */
const LAST_UNMADE = 10;

/**
 * Sends an offer, unless it was withdrawn meanwhile. D1 may be away for a moment: the task keeps its agent and is tried again, and
 * then waits anew. Its agent has refused nothing, so it does not rest. A task that cannot be read ends here, and so does one that
 * cannot be read again and again though D1 answers.
 */
export async function makeOffer(deps: MakeOfferDeps, item: WorkItemIn<"offered">): Promise<void> {
  const { store, apply, clock, pause } = deps;
  const { taskId, attempt } = item;
  const isOpen = () => store.findByAttempt(attempt.id)?.state === "offered";
  for (const pauseMs of [...PAUSES_MS, null]) {
    try {
      const offer = await prepareOffer(deps, item, clock().now);
      if (offer === "gone") apply(onOfferImpossible(store, taskId, attempt.id, clock()));
      else if (offer === "unreadable") apply(onOfferUnreadable(store, taskId, attempt.id, clock()));
      else if (isOpen()) deps.send(attempt.agentId, offer);
      return;
    } catch (error) {
      log("error", "offer failed", { taskId, attemptId: attempt.id, offersBefore: item.unmade ?? 0, error: String(error) });
    }
    if (pauseMs === null) break;
    await pause(pauseMs);
    if (!isOpen()) return;
  }
  if ((item.unmade ?? 0) + 1 >= LAST_UNMADE && (await answers(deps, taskId))) {
    log("error", "task given up, no offer of it can be made", { taskId });
    apply(onOfferUnreadable(store, taskId, attempt.id, clock()));
  } else apply(onOfferFailed(store, taskId, attempt.id, clock()));
}

/** Whether D1 answers about that task, when it is asked for nothing that could be wrong with it. */
async function answers(deps: Pick<History, "findEnded">, taskId: string): Promise<boolean> {
  try {
    await deps.findEnded([taskId]);
    return true;
  } catch {
    return false;
  }
}
