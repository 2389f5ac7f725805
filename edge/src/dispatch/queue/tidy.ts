import type { QueueClock } from "./clock.ts";
import { forgottenUsage } from "./fair-share.ts";
import type { DispatchStore } from "./store.ts";

/** D1 keeps its list of agents; here only those count that may come back to what they had. */
const AGENT_GONE_MS = 7 * 24 * 3_600_000;

/** Forgets agents that have been gone for a week, and users whose share has faded to nothing. Called by the sweep. */
export function tidy(store: DispatchStore, { now }: QueueClock): void {
  for (const { agentId, isConnected, lastSeenAt } of store.listAgents()) {
    if (!isConnected && now - lastSeenAt > AGENT_GONE_MS && store.itemsOfAgent(agentId).length === 0) store.deleteAgent(agentId);
  }
  store.forgetUsers(forgottenUsage(now));
}
