import type { QueueClock } from "./clock.ts";
import { usageMs } from "./fair-share.ts";
import { mayTake } from "./matching.ts";
import { isQuarantined } from "./quarantine.ts";
import { lineKey } from "./requirement.ts";
import { mayMeet } from "./room.ts";
import { expectedMs, loadMsOf } from "./speeds.ts";
import type { DispatchStore, Front } from "./store.ts";
import type { AgentRecord, Requirement } from "./types.ts";

/*
 * An agent that has a task's model loaded is preferred as long as the wait it costs is smaller than the reload it saves. Two
 * reloads are saved at most, this one and the one back, so no line is passed over for longer than those take.
 */

/** Loads shorter than this are not worth a thought. */
const MIN_LOAD_MS = 1_000;
/** How many loads' worth of work one user may be ahead of another for the sake of a loaded model. */
const MAX_LEAD_LOADS = 4;
/** Whose attempt has just ended will say that its slot is free. */
const ASKS_WITHIN_MS = 3_000;
/** Agents with a model that are looked at. */
const SAMPLE = 16;

/** Whether an agent has that model in memory, by its word or because it ran it last. */
export const isWarm = ({ lastModel, status }: AgentRecord, model: string): boolean =>
  lastModel === model || status?.residentModels.includes(model) === true;

export const isWorthALoad = (store: DispatchStore, model: string): boolean => loadMsOf(store, model) >= MIN_LOAD_MS;

/** Agents that have the line's model and may serve it, a sample of them. */
export const warmAgents = (store: DispatchStore, line: Requirement): AgentRecord[] =>
  store.agents.warmFor(line.model, SAMPLE).filter((agent) => agent.isConnected && !agent.intake && mayTake(agent, line));

/** Whether a task of that line had better wait for an agent that has its model: it would be free before another one has loaded it. */
export function isBetterToWait(store: DispatchStore, line: Requirement, clock: QueueClock): boolean {
  if (!isWorthALoad(store, line.model) || store.holds.isOver(line, clock.now)) return false;
  const warm = warmAgents(store, line)
    .filter((agent) => agent.ownTasks !== "only" && agent.restsUntil === null && !isQuarantined(agent))
    .map((agent) => freeIn(store, agent, line, clock))
    .filter((ms) => ms !== null);
  if (warm.length === 0) return false;
  const key = lineKey(line);
  const own = store.waitingLines().find((other) => lineKey(other) === key);
  const [tasks, work] = own ? [own.tasks, own.work] : [1, 0];
  const aheadMs = (expectedMs(store, { ...line, work }) * (tasks - 1)) / tasks / warm.length;
  return Math.min(...warm) + aheadMs < loadMsOf(store, line.model);
}

/** Milliseconds until one of the agent's slots is free, as far as is known; null when it does nothing and asks for nothing. */
function freeIn(
  store: DispatchStore,
  { agentId, models, endedAt = -Infinity }: AgentRecord,
  line: Requirement,
  { now }: QueueClock,
): number | null {
  const inTheWay = store.itemsOfAgent(agentId).filter((item) => mayMeet(models, item, line));
  const left = inTheWay.map((item) => {
    const startedAt = item.state === "running" ? (item.loadedAt ?? item.startedAt) : now;
    return Math.max(0, startedAt + expectedMs(store, item) - now);
  });
  if (left.length > 0) return Math.min(...left);
  return store.agents.openFor(agentId, line) > 0 || now - endedAt < ASKS_WITHIN_MS ? 0 : null;
}

/** A line is kept waiting for the sake of a loaded model: not for longer than loading it and loading the other one back takes. */
export const hold = (store: DispatchStore, line: Requirement, { now }: QueueClock): void =>
  store.holds.begin(line, now + 2 * loadMsOf(store, line.model));

/** Whether the next of a loaded model may go before the one whose turn it is. */
export function mayGoBefore(store: DispatchStore, warm: Front, due: Front, { now }: QueueClock): boolean {
  const lead = usageMs(warm.usage, now) - usageMs(due.usage, now);
  return lead <= MAX_LEAD_LOADS * loadMsOf(store, due.line.model);
}
