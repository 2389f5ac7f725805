import type { AgentRecord, Requirement, WorkItem } from "./types.ts";
import { isTaken } from "./work-item.ts";

/** Whether an agent can do what a task asks for. */
export function canRun(agent: AgentRecord, { type, model, pixels }: Requirement): boolean {
  return agent.models.some(
    (offered) => offered.name === model && offered.types.includes(type) && (offered.maxPixels === undefined || pixels <= offered.maxPixels),
  );
}

/**
 * Slots that may be offered to: what the agent said, less the offers that it has not taken, which it did not count; and
 * never more than it has beside what it was already given.
 */
export function openSlots(agent: AgentRecord, itemsAtAgent: readonly WorkItem[]): number {
  if (!agent.isConnected || agent.intake || agent.restsUntil !== null) return 0;
  const untaken = itemsAtAgent.filter((item) => !isTaken(item)).length;
  return Math.max(0, Math.min(agent.freeSlots - untaken, agent.slots - itemsAtAgent.length));
}

/** The agent with most room among those that can run the task; the longer known one on a tie, so that the choice is stable. */
export function chooseAgent(agents: { agent: AgentRecord; open: number }[], requirement: Requirement): AgentRecord | null {
  let best: { agent: AgentRecord; open: number } | null = null;
  for (const candidate of agents) {
    if (candidate.open > 0 && canRun(candidate.agent, requirement) && (!best || candidate.open > best.open)) best = candidate;
  }
  return best?.agent ?? null;
}
