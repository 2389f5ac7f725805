import { AppError } from "@star-graph/shared/errors";
import type { AgentCommandAnswer } from "@star-graph/shared/rest/agents";
import type { AgentCommand } from "../dispatch/queue/agent-intake.ts";
import { poolOfKey } from "../dispatch/shards/pools.ts";
import type { AgentKeyStore } from "./key-store.ts";

export interface CommandAgentDeps extends Pick<AgentKeyStore, "findAgentKeyById"> {
  /** @returns false when that pool's Dispatcher knows no such agent */
  commandAgent(pool: string, agentId: string, command: AgentCommand): Promise<boolean>;
}

/**
 * Drains, pauses or resumes an agent. What it runs goes on in any case.
 * @param ownerId null for an administrator, whose word counts for every agent
 * @throws {AppError} `NOT_FOUND` when the agent is absent, revoked, or somebody else's.
 */
export async function commandAgent(
  deps: CommandAgentDeps,
  agentId: string,
  command: AgentCommand,
  ownerId: number | null,
): Promise<AgentCommandAnswer> {
  const key = await deps.findAgentKeyById(Number(agentId.split(".")[0]));
  if (!key || key.revokeTime !== null || (ownerId !== null && key.userId !== ownerId)) throw new AppError("NOT_FOUND");
  if (!(await deps.commandAgent(poolOfKey(key), agentId, command))) throw new AppError("NOT_FOUND");
  return { id: agentId, command };
}
