import type { QueueClock } from "./clock.ts";
import { canRun, chooseAgent, openSlots } from "./matching.ts";
import type { DispatchStore } from "./store.ts";
import type { AgentRecord, Attempt, Effect, WorkItem, WorkItemIn } from "./types.ts";
import { base, waitingDeadline } from "./work-item.ts";

/** Long enough that an agent which refuses everything costs little, short enough that one which was misjudged is not missed. */
const REST_MS = 5_000;

const placesOf = (store: DispatchStore, agent: AgentRecord): number => openSlots(agent, store.itemsOfAgent(agent.agentId));

/** Gives a waiting task to the best agent with room, if there is one. */
export function offerItem(store: DispatchStore, item: WorkItem, clock: QueueClock): Effect[] {
  const agents = store.listAgents().map((agent) => ({ agent, open: placesOf(store, agent) }));
  const agent = chooseAgent(agents, item);
  return agent ? [offerTo(store, item, agent, clock)] : [];
}

/** Gives an agent with room the tasks that came first among those it can run. */
export function fillAgent(store: DispatchStore, agentId: string, clock: QueueClock): Effect[] {
  const effects: Effect[] = [];
  const agent = store.getAgent(agentId);
  if (!agent) return effects;
  for (let open = placesOf(store, agent); open > 0; open--) {
    const heads = store
      .waitingLines()
      .filter((line) => canRun(agent, line))
      .map((line) => store.firstWaiting(line));
    const first = heads.reduce((a, b) => (!a || (b && b.seq < a.seq) ? b : a), null);
    if (!first) break;
    effects.push(offerTo(store, first, agent, clock));
  }
  return effects;
}

function offerTo(store: DispatchStore, item: WorkItem, agent: AgentRecord, clock: QueueClock): Effect {
  const attempt: Attempt = { id: clock.newAttemptId(), number: item.attemptNumber + 1, agentId: agent.agentId, agentName: agent.name };
  const offered: WorkItemIn<"offered"> = { ...base(item), state: "offered", attempt, dueAt: clock.now + clock.timings.offerMs };
  store.putItem(offered);
  return { kind: "offer", item: offered };
}

/** Back to its place in the line: the number of its arrival is its own for life. */
export function requeue(store: DispatchStore, item: WorkItem, clock: QueueClock): Effect[] {
  const waiting: WorkItemIn<"waiting"> = { ...base(item), state: "waiting", dueAt: waitingDeadline(item) };
  store.putItem(waiting);
  return offerItem(store, waiting, clock);
}

/** An offer that was refused or that nobody answered: made again at once, it would most likely only be refused again. */
export function withdraw(store: DispatchStore, item: WorkItemIn<"offered">, clock: QueueClock): Effect[] {
  const agent = store.getAgent(item.attempt.agentId);
  if (agent) store.putAgent({ ...agent, restsUntil: clock.now + REST_MS });
  return requeue(store, item, clock);
}
