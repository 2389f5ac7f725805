import type { AgentRecord, Requirement } from "./types.ts";

/** Whether an agent can do what a task asks for. */
export function canRun(agent: AgentRecord, { type, model, pixels }: Requirement): boolean {
  return agent.models.some(
    (offered) => offered.name === model && offered.types.includes(type) && (offered.maxPixels === undefined || pixels <= offered.maxPixels),
  );
}

/** Slots that may be offered to: what the agent said, and never more than it has beside what it was already given. */
export function openSlots(agent: AgentRecord, itemsAtAgent: number): number {
  return agent.isConnected ? Math.min(agent.freeSlots, agent.slots - itemsAtAgent) : 0;
}

/** The agent with most room among those that can run the task; the longer known one on a tie, so that the choice is stable. */
export function chooseAgent(agents: { agent: AgentRecord; open: number }[], requirement: Requirement): AgentRecord | null {
  let best: { agent: AgentRecord; open: number } | null = null;
  for (const candidate of agents) {
    if (candidate.open > 0 && canRun(candidate.agent, requirement) && (!best || candidate.open > best.open)) best = candidate;
  }
  return best?.agent ?? null;
}
