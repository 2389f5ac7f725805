import { type Page, toPage } from "@star-graph/shared/page";
import type { AgentItem, AgentQuery } from "@star-graph/shared/rest/agents";
import type { AgentView } from "../dispatch/views/fleet-view.ts";
import type { Language } from "@star-graph/shared/text";
import { toAgentItem } from "./agent-view.ts";
import type { AgentRegisterStore, AgentRow } from "./register-store.ts";

export interface ListAgentsDeps extends Pick<AgentRegisterStore, "listAgents"> {
  /** Agents as the Dispatchers of these pools see them now. A pool that does not answer is left out. */
  fleet(pools: string[]): Promise<{ pool: string; agents: AgentView[] }[]>;
}

/** A page of agents with what their Dispatchers know, each with its row. */
export async function viewAgents(
  deps: ListAgentsDeps,
  filter: { userId?: number | undefined; keyId?: number | undefined },
  query: AgentQuery,
  language: Language,
): Promise<Page<{ item: AgentItem; row: AgentRow }>> {
  const { rows, total } = await deps.listAgents(filter, query);
  const seen = await deps.fleet([...new Set(rows.map((row) => row.pool))]);
  const agents = seen.flatMap(({ pool, agents: ofShard }) => ofShard.map((agent) => ({ key: `${pool}/${agent.agentId}`, agent })));
  // One that another shard served before is known there still: where it was seen last counts.
  const live = new Map(agents.toSorted((a, b) => a.agent.lastSeenAt - b.agent.lastSeenAt).map(({ key, agent }) => [key, agent] as const));
  const lines = rows.map((row) => ({ row, item: toAgentItem(row, live.get(`${row.pool}/${row.id}`), language) }));
  return toPage(lines, total, query);
}

/** The owner's own agents. */
export async function listOwnAgents(deps: ListAgentsDeps, userId: number, query: AgentQuery, language: Language): Promise<Page<AgentItem>> {
  const page = await viewAgents(deps, { userId }, query, language);
  return { ...page, content: page.content.map(({ item }) => item) };
}
