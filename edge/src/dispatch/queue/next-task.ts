import { hold, isBetterToWait, isWarm, isWorthALoad, mayGoBefore } from "./affinity.ts";
import type { QueueClock } from "./clock.ts";
import { canServe, mayTake } from "./matching.ts";
import { restsModel, suspectsOf } from "./quarantine.ts";
import { byAge, byShare, type DispatchStore, type Front, type WaitingLine } from "./store.ts";
import type { AgentRecord, Requirement } from "./types.ts";

/** A task that waited so long is old: every so many starts of an agent, the oldest goes first whoever's it is. */
export const OLD_MS = 10 * 60_000;
const OLD_EVERY = 8;

const least = (fronts: (Front | null)[], order: (a: Front, b: Front) => number): Front | null =>
  fronts.reduce((best, front) => (best === null || (front !== null && order(front, best) < 0) ? front : best), null);

/** Whose task an agent with room gets; null when nothing waits that it may run, or what waits had better wait for another. */
export function nextFor(store: DispatchStore, agent: AgentRecord, clock: QueueClock): Front | null {
  const lines = store.waitingLines().filter((line) => isOpenTo(store, agent, line));
  if (lines.length === 0) return null;
  const own = ownFront(store, agent);
  if (agent.ownTasks === "only" || (agent.ownTasks === "first" && own)) return own;
  return (
    toTryWith(store, agent, lines) ??
    oldest(store, agent, lines, clock) ??
    nextByModel(store, agent, [own, ...lines.map((line) => nextIn(store, agent, line))], clock)
  );
}

/** Whether the agent may take such tasks, at least some users', and has an engine free that can. */
const isOpenTo = (store: DispatchStore, agent: AgentRecord, line: Requirement, userId?: number): boolean =>
  (mayTake(agent, line, userId) || (userId === undefined && isDoubted(agent, line))) && store.agents.openFor(agent.agentId, line) > 0;

/**
 * An agent that is tried again after it failed is tried with the task of somebody else than those whose tasks it failed, if there is
 * one: else who asks for what nobody can do would be the one whom it is tried with for ever, and the others would wait.
 */
function toTryWith(store: DispatchStore, agent: AgentRecord, lines: WaitingLine[]): Front | null {
  const suspects = suspectsOf(agent);
  if (suspects.length === 0) return null;
  return least(
    lines.map((line) => store.nextByShare(line, [...suspects, ...suspectsOf(agent, line.model)])),
    byShare,
  );
}

/** The same for a line whose model alone is tried again, or rests for its suspects alone. */
function nextIn(store: DispatchStore, agent: AgentRecord, line: WaitingLine): Front | null {
  const suspects = suspectsOf(agent, line.model);
  if (suspects.length === 0) return store.nextByShare(line);
  return store.nextByShare(line, suspects) ?? (restsModel(agent, line.model) ? null : store.nextByShare(line));
}

/** Whether the agent rests from the line's model for some users alone. */
const isDoubted = (agent: AgentRecord, line: Requirement): boolean =>
  canServe(agent.models, line) && suspectsOf(agent, line.model).length > 0;

/** By share, but for what the agent has loaded as long as that saves more than it costs. */
function nextByModel(store: DispatchStore, agent: AgentRecord, fronts: (Front | null)[], clock: QueueClock): Front | null {
  const due = least(fronts, byShare);
  if (!due || isWarm(agent, due.line.model)) return due;
  const overdue = least(
    fronts.filter((front) => front !== null && store.holds.isOver(front.line, clock.now)),
    byShare,
  );
  if (overdue) return overdue;
  if (!isWorthALoad(store, due.line.model)) return due;
  const warm = least(
    fronts.filter((front) => front !== null && isWarm(agent, front.line.model)),
    byShare,
  );
  if (warm && mayGoBefore(store, warm, due, clock)) {
    hold(store, due.line, clock);
    return warm;
  }
  const cold = fronts.filter((front) => {
    if (!front || isWarm(agent, front.line.model)) return false;
    const waits = isBetterToWait(store, front.line, clock);
    if (waits) hold(store, front.line, clock);
    return !waits;
  });
  return least([...cold, warm], byShare);
}

/** The owner's own place: on their own box a user's cap does not count. */
function ownFront(store: DispatchStore, agent: AgentRecord): Front | null {
  const { ownerId } = agent;
  if (ownerId === undefined) return null;
  return least(
    store.frontsOf(ownerId).filter(({ line }) => isOpenTo(store, agent, line, ownerId)),
    byAge,
  );
}

/** Counted for each agent by itself, and only while something old waits: whatever else starts meanwhile, its eighth start comes. */
function oldest(store: DispatchStore, agent: AgentRecord, lines: WaitingLine[], { now }: QueueClock): Front | null {
  const front = least(
    lines.filter(({ model }) => suspectsOf(agent, model).length === 0).map((line) => store.nextByAge(line)),
    byAge,
  );
  const task = front && store.firstWaiting(front.line, front.userId);
  if (!task || now - task.createTime < OLD_MS) return null;
  return store.nextTurn(agent.agentId) % OLD_EVERY === 0 ? front : null;
}
