import type { EdgeMessage } from "@star-graph/shared/agent-protocol";
import { stateOf, type StateReason } from "./fleet-view.ts";
import type { DispatchStore } from "../queue/store.ts";

export type Standing = Extract<EdgeMessage, { type: "standing" }>;

/** Reasons to get no work. An agent that works, or has room for more, needs none. */
const IDLE: ReadonlySet<StateReason> = new Set([
  "PAUSED",
  "DRAINING",
  "DRAINED",
  "RESTING",
  "QUARANTINED",
  "MODELS_RESTING",
  "ASKS_FOR_NOTHING",
  "NOTHING_WAITS",
  "NOTHING_IT_CAN_RUN",
  "TOO_LITTLE_MEMORY",
] satisfies StateReason[]);

/**
 * How a connected agent stands, for its owner's eyes; null for one that is not.
 * @param words what a reason is in words
 * @param earnedToday of its key's owner, absent where nobody earns
 */
export function standingOf(
  store: DispatchStore,
  agentId: string,
  words: (reason: StateReason) => string,
  earnedToday: number | undefined,
): Standing | null {
  const agent = store.getAgent(agentId);
  if (!agent?.isConnected) return null;
  const { state, reason, detail } = stateOf(store, agent, store.itemsOfAgent(agentId));
  return {
    type: "standing",
    state: state === "quarantined" ? state : (agent.intake ?? "serving"),
    ...(IDLE.has(reason) && { idleBecause: (detail === undefined ? words(reason) : `${words(reason)}: ${detail}`).slice(0, 500) }),
    waitingTasks: store.countWaiting(),
    ...(earnedToday !== undefined && { earnedToday }),
  };
}

/** Whether an agent is told: not for every task that comes and goes in a long queue, which every agent would be told of. */
export function isNews(told: Standing | null, now: Standing): boolean {
  if (!told) return true;
  if (told.state !== now.state || told.idleBecause !== now.idleBecause || told.earnedToday !== now.earnedToday) return true;
  if ((told.waitingTasks === 0) !== (now.waitingTasks === 0)) return true;
  return Math.abs(told.waitingTasks - now.waitingTasks) > told.waitingTasks / 10;
}
