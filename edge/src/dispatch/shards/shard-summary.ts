import { DEFAULTS } from "@star-graph/shared/defaults";
import { canRun } from "../queue/matching.ts";
import { hashOf, type Shard } from "./pools.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { AgentRecord, TaskToQueue } from "../queue/types.ts";

/** What a task's choice of a shard is made from, at most a second old. */
export interface ShardSummary extends Shard {
  waiting: number;
  /** Agents that can be waited for: one for all that offer the same, with their slots together. */
  offers: { agent: AgentRecord; slots: number }[];
}

/** The shard as it is now. Agents that were gone for a minute, or are told to take nothing, are nobody to wait for. */
export function summarise(store: DispatchStore, shard: Shard, now: number): ShardSummary {
  const here = store.listAgents().filter((agent) => canBeWaitedFor(agent, now));
  const alike = Map.groupBy(here, ({ models, ownTasks, ownerId }) => JSON.stringify([models, ownTasks === "only" && ownerId]));
  const offers = [...alike.values()].flatMap((agents) => {
    const [agent] = agents;
    return agent ? [{ agent, slots: agents.reduce((sum, { slots }) => sum + slots, 0) }] : [];
  });
  return { ...shard, waiting: store.countWaiting(), offers };
}

const canBeWaitedFor = (agent: AgentRecord, now: number): boolean =>
  !agent.intake && (agent.isConnected || now - agent.lastSeenAt <= DEFAULTS.agentSeenMs);

const slotsFor = ({ offers }: ShardSummary, task: TaskToQueue): number =>
  offers.reduce((sum, { agent, slots }) => sum + (canRun(agent, task) ? slots : 0), 0);

/**
 * The shards in the order to ask them for a task: those with an agent for it, the one with least waiting for each of their slots
 * first, then the others. An agent that came within the last second is not in their summary.
 */
export function rankShards(summaries: readonly ShardSummary[], task: TaskToQueue): Shard[] {
  const load = ({ waiting }: ShardSummary, slots: number) => (slots > 0 ? waiting / slots : Infinity);
  return (
    summaries
      .map((summary, index) => ({
        ...summary,
        load: load(summary, slotsFor(summary, task)),
        turn: (hashOf(task.taskId) + index) % summaries.length,
      }))
      // On a tie tasks take turns, or all that come within one second would go to the first shard.
      .toSorted((a, b) => (a.load === b.load ? a.turn - b.turn : a.load - b.load))
      .map(({ pool, shard }) => ({ pool, shard }))
  );
}
