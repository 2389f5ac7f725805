import { hold, isBetterToWait, isWarm, isWorthALoad, warmAgents } from "./affinity.ts";
import type { QueueClock } from "./clock.ts";
import { endOverdue } from "./end-task.ts";
import { chargeShare, refundShare, weightOf } from "./fair-share.ts";
import { mayTake } from "./matching.ts";
import { nextFor } from "./next-task.ts";
import { noteOffer } from "./quarantine.ts";
import { expectedMs } from "./speeds.ts";
import type { DispatchStore } from "./store.ts";
import type { AgentRecord, Attempt, Effect, Requirement, WorkItem, WorkItemIn } from "./types.ts";
import { base, waitingSince } from "./work-item.ts";

/** Long enough that an agent which refuses everything costs little, short enough that one which was misjudged is not missed. */
const REST_MS = 5_000;

/** The agent with most room among those that may run that user's task, the user's own boxes before others; null when none has room. */
function chooseAgent(store: DispatchStore, line: Requirement, userId: number, clock: QueueClock): AgentRecord | null {
  const { agents } = store;
  const own = agents.ownedBy(userId).filter((agent) => mayTake(agent, line, userId));
  const ownWithRoom = mostRoom(own.map((agent) => ({ agent, open: agents.openFor(agent.agentId, line) })));
  if (ownWithRoom || store.shareOf(userId).running >= clock.limits.runningPerUser) return ownWithRoom;
  const able = warmAgents(store, line).filter((agent) => agent.ownTasks !== "only" || agent.ownerId === userId);
  const warm = mostRoom(able.map((agent) => ({ agent, open: agents.openFor(agent.agentId, line) })));
  if (warm && isWorthALoad(store, line.model)) return warm;
  const any = mostRoom(
    agents
      .profilesFor(line, userId)
      .flatMap((profile) => firstOf(agents.withRoom(profile, line), ({ agent }) => mayTake(agent, line, userId))),
  );
  if (!any || !isBetterToWait(store, line, clock)) return any;
  hold(store, line, clock);
  return null;
}

function firstOf<T>(all: Iterable<T>, isWanted: (one: T) => boolean): T[] {
  for (const one of all) if (isWanted(one)) return [one];
  return [];
}

function mostRoom(candidates: { agent: AgentRecord; open: number }[]): AgentRecord | null {
  const best = candidates.reduce<{ agent: AgentRecord | null; open: number }>((a, b) => (b.open > a.open ? b : a), {
    agent: null,
    open: 0,
  });
  return best.agent;
}

/** Gives a user's first waiting task of a line to the best agent with room, if there is one. */
function offerFirst(store: DispatchStore, line: Requirement, userId: number, clock: QueueClock): Effect[] {
  const task = store.firstWaiting(line, userId);
  const agent = task && chooseAgent(store, line, userId, clock);
  return agent ? [offerTo(store, task, agent, clock)] : [];
}

/** A task came to wait: if an agent has room for it, it goes there, or one of its user's that came before it. */
export const offerItem = (store: DispatchStore, item: WorkItem, clock: QueueClock): Effect[] => [
  ...offerFirst(store, store.lineOf(item), item.userId, clock),
  ...offerBehind(store, clock),
];

/** Gives an agent with room the tasks whose turn it is among those it can run. */
export function fillAgent(store: DispatchStore, agentId: string, clock: QueueClock): Effect[] {
  const effects: Effect[] = [];
  while (store.agents.openOf(agentId) > 0) {
    const agent = store.getAgent(agentId);
    const front = agent && nextFor(store, agent, clock);
    const task = front && store.firstWaiting(front.line, front.userId);
    if (!task) break;
    effects.push(offerTo(store, task, agent, clock));
  }
  return [...effects, ...offerBehind(store, clock), ...offerToOthers(store, clock)];
}

/** Lines that have waited long enough for an agent with their model take any. */
export function offerHeld(store: DispatchStore, clock: QueueClock): Effect[] {
  return [...store.holds.over(clock.now).flatMap((line) => offerNext(store, line, clock)), ...offerBehind(store, clock)];
}

function offerNext(store: DispatchStore, line: Requirement, clock: QueueClock): Effect[] {
  const front = store.nextByShare(line);
  return front ? offerFirst(store, front.line, front.userId, clock) : [];
}

/** The first of a line that was held has got an agent: those behind it would else wait for nobody, beside agents with room. */
function offerBehind(store: DispatchStore, clock: QueueClock): Effect[] {
  const effects: Effect[] = [];
  for (let lines = store.holds.takeEnded(); lines.length > 0; lines = store.holds.takeEnded()) {
    for (const line of lines) {
      let offered: Effect[];
      do {
        offered = offerNext(store, line, clock);
        effects.push(...offered);
      } while (offered.length > 0);
    }
  }
  return effects;
}

/** Users who are below their cap again: what ended was on one agent, what waits may be for others. */
export function offerToOthers(store: DispatchStore, clock: QueueClock): Effect[] {
  const effects: Effect[] = [];
  for (const userId of store.takeUncapped()) {
    let offered: Effect[];
    do {
      offered = store.frontsOf(userId).flatMap(({ line }) => offerFirst(store, line, userId, clock));
      effects.push(...offered);
    } while (offered.length > 0);
  }
  return effects;
}

/** What an offer carries along of the wait that it is part of. */
function waitOf(item: WorkItem): { queuedAt?: number; unmade?: number } {
  if (item.state !== "waiting" && item.state !== "offered") return {};
  const { queuedAt, unmade } = item;
  return { ...(queuedAt !== undefined && { queuedAt }), ...(unmade !== undefined && { unmade }) };
}

function offerTo(store: DispatchStore, item: WorkItem, agent: AgentRecord, clock: QueueClock): Effect {
  const { now, timings } = clock;
  const attempt: Attempt = { id: clock.newAttemptId(), number: item.attemptNumber + 1, agentId: agent.agentId, agentName: agent.name };
  const { usage, charge } = chargeShare(
    store.shareOf(item.userId).usage,
    expectedMs(store, item),
    weightOf(store.vips.of(item.userId), now),
    now,
  );
  const isCold = !isWarm(agent, item.model);
  const offered: WorkItemIn<"offered"> = {
    ...base(item),
    ...waitOf(item),
    state: "offered",
    attempt,
    charge,
    isCold,
    dueAt: now + timings.offerMs,
  };
  store.holds.end(store.lineOf(item));
  const tried = noteOffer(agent, item.model, now);
  if (tried !== agent) store.putAgent(tried);
  store.putItem(offered);
  store.setUsage(item.userId, usage);
  return { kind: "offer", item: offered };
}

/**
 * Back to its place in the line, or ended when it has waited for too long: the number of its arrival is its own for life. What its
 * user's share was charged is given back.
 */
export function requeue(store: DispatchStore, item: WorkItem, clock: QueueClock): Effect[] {
  if ("charge" in item) store.setUsage(item.userId, refundShare(store.shareOf(item.userId).usage, item.charge));
  // An offer that came to nothing is part of the wait; an attempt is not.
  const { queuedAt = item.createTime, unmade } = item.state === "offered" ? waitOf(item) : { queuedAt: clock.now };
  const waiting = { ...waitingSince(base(item), queuedAt), ...(unmade !== undefined && { unmade }) };
  // Or one whose offers all come to nothing would never be found waiting by the clock.
  if (waiting.dueAt <= clock.now) return endOverdue(store, waiting, clock);
  store.putItem(waiting);
  return offerItem(store, waiting, clock);
}

/** An offer that was refused or that nobody answered: made again at once, it would most likely only be refused again. */
export function withdraw(store: DispatchStore, item: WorkItemIn<"offered">, clock: QueueClock): Effect[] {
  const agent = store.getAgent(item.attempt.agentId);
  if (agent) store.putAgent({ ...agent, restsUntil: clock.now + REST_MS });
  return requeue(store, item, clock);
}
