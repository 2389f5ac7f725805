import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { type ModelNeeds, shortfallOf } from "@star-graph/shared/model-fit";
import type { AgentRecord, Requirement, WorkItem } from "./types.ts";
import { isQuarantined, restsModel } from "./quarantine.ts";
import { isTaken } from "./work-item.ts";

/** Whether one of these models can do what a task, or every task of a class, asks for. */
export const canServe = (models: readonly AgentModel[], needs: ModelNeeds): boolean =>
  models.some((offered) => shortfallOf(offered, needs) === null);

/** Whether an agent may be offered such tasks now: it is able to, and does not rest from the model. */
export const mayTake = (agent: AgentRecord, line: Requirement): boolean => canServe(agent.models, line) && !restsModel(agent, line.model);

/**
 * Whether an agent can run a task: by what it is able to do, and by whose tasks it takes. A model that it rests from counts: it is
 * back in a while, and others of its kind do not rest.
 */
export function canRun(agent: AgentRecord, task: ModelNeeds & { userId: number }): boolean {
  return (agent.ownTasks !== "only" || agent.ownerId === task.userId) && canServe(agent.models, task);
}

/**
 * Slots that may be offered to: what the agent said, less the offers that it has not taken, which it did not count; and
 * never more than it has beside what it was already given. A result on its way up needs no slot, but no agent has more of
 * them than slots: its disk has an end.
 */
export function openSlots(agent: AgentRecord, itemsAtAgent: readonly WorkItem[]): number {
  if (!agent.isConnected || agent.intake || agent.restsUntil !== null || isQuarantined(agent)) return 0;
  const working = itemsAtAgent.filter((item) => !(item.state === "running" && item.progress.phase === "uploading")).length;
  const untaken = itemsAtAgent.filter((item) => !isTaken(item)).length;
  return Math.max(0, Math.min(agent.freeSlots - untaken, agent.slots - working, 2 * agent.slots - itemsAtAgent.length));
}
