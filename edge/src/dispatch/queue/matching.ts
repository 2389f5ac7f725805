import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { type ModelNeeds, shortfallOf } from "@star-graph/shared/model-fit";
import type { AgentRecord, Requirement } from "./types.ts";
import { restsModel } from "./quarantine.ts";

/** Whether one of these models can do what a task, or every task of a class, asks for. */
export const canServe = (models: readonly AgentModel[], needs: ModelNeeds): boolean =>
  models.some((offered) => shortfallOf(offered, needs) === null);

/** Whether an agent may be offered such tasks now, anybody's or that user's: it is able to, and does not rest from the model. */
export const mayTake = (agent: AgentRecord, line: Requirement, userId?: number): boolean =>
  canServe(agent.models, line) && !restsModel(agent, line.model, userId);

/**
 * Whether an agent can run a task: by what it is able to do, and by whose tasks it takes. A model that it rests from counts: it is
 * back in a while, and others of its kind do not rest.
 */
export function canRun(agent: AgentRecord, task: ModelNeeds & { userId: number }): boolean {
  return (agent.ownTasks !== "only" || agent.ownerId === task.userId) && canServe(agent.models, task);
}
