import { handBack } from "./attempt-ends.ts";
import type { QueueClock } from "./clock.ts";
import { fillAgent, offerToOthers, requeue } from "./offers.ts";
import { pardon } from "./quarantine.ts";
import type { DispatchStore } from "./store.ts";
import type { Effect } from "./types.ts";

/** What an owner or an admin can tell an agent's Dispatcher. */
export type AgentCommand = "drain" | "pause" | "resume";

/** Close code of RFC 6455's registry: the agent should come again. */
export const SERVICE_RESTART = 1012;

/**
 * Drained and paused agents are offered nothing until they are resumed; what they run goes on. A drained one is told, so
 * that it does not ask; a paused one notices nothing. Resuming also ends a quarantine.
 * @returns null when no agent of that id ever said hello here
 */
export function onAgentCommand(store: DispatchStore, agentId: string, command: AgentCommand, clock: QueueClock): Effect[] | null {
  const agent = store.getAgent(agentId);
  if (!agent) return null;
  switch (command) {
    case "drain":
      store.putAgent({ ...agent, intake: "draining" });
      return [{ kind: "send", agentId, message: { type: "drain" } }];
    case "pause":
      if (agent.intake !== "draining") store.putAgent({ ...agent, intake: "paused" });
      return [];
    case "resume": {
      const { intake, ...open } = agent;
      // Nothing takes a `drain` back but a new welcome: the agent comes again at once, and its attempts go on. Until then it is
      // gone, or it would be offered what a closing line does not carry.
      if (intake === "draining") {
        store.putAgent({ ...pardon(open), isConnected: false, freeSlots: 0, lastSeenAt: clock.now });
        return [{ kind: "close", agentId, code: SERVICE_RESTART, reason: "resumed, say hello again" }];
      }
      store.putAgent(pardon(open));
      return fillAgent(store, agentId, clock);
    }
  }
}

/**
 * The agent's key does not count here any more: it is forgotten, and what it had goes to others at once without
 * counting as a failure.
 */
export function onAgentDismissed(store: DispatchStore, agentId: string, reason: string, clock: QueueClock): Effect[] {
  const agent = store.getAgent(agentId);
  if (!agent) return [];
  // Gone before its tasks are offered again, or it would be asked first.
  store.deleteAgent(agentId);
  const given = store.itemsOfAgent(agentId).flatMap((item) => {
    if (item.state === "offered") return requeue(store, item, clock);
    if (item.state === "running") return handBack(store, item, "LOST", reason, clock);
    if (item.state === "stopping") store.deleteItem(item.taskId);
    return [];
  });
  return [...given, ...offerToOthers(store, clock)];
}
