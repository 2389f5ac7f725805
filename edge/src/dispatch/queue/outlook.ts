import { type Profile, mayServe } from "./agent-index.ts";
import type { QueueClock } from "./clock.ts";
import { weightOf } from "./fair-share.ts";
import { lineKey } from "./requirement.ts";
import { mayMeet } from "./room.ts";
import { expectedMs, loadMsOf, speedOf, spreadOf } from "./speeds.ts";
import { byShare, type DispatchStore, type WaitingLine } from "./store.ts";
import type { Requirement, TaskToQueue, Vip } from "./types.ts";

/** Agents of a kind whose running tasks are looked at; the others are taken to be like them. */
const SAMPLE = 32;
/** Starts that are followed one by one; the rest is reckoned from the average. */
const FOLLOWED_STARTS = 256;

/** When a task may start and end, as things stand. */
export interface Outlook {
  /** 1: it is next. */
  position: number;
  /** Milliseconds until it is done: probably, at best and at worst. */
  totalMs: number;
  lowMs: number;
  highMs: number;
}

interface Arrival {
  /** Its number of arrival; infinite for one that has not come. */
  seq: number;
  /** Tasks of its user that come before it and are not on the list yet. */
  onTheirWay: number;
  /** Its user's, where it is known better than the list knows it. */
  vip?: Vip | null;
}

/**
 * Looks ahead for a task that waits, or would: among the agents able to run it only, from measured times, and with each
 * user's fair share.
 */
export function lookAhead(
  store: DispatchStore,
  task: Omit<TaskToQueue, "vip">,
  { seq, onTheirWay, vip = store.vips.of(task.userId) }: Arrival,
  clock: QueueClock,
): Outlook {
  const ownLine = store.lineOf(task);
  const profiles = store.agents.profilesFor(ownLine, task.userId);
  const lines = store.waitingLines().filter((line) => profiles.some((profile) => mayServe(profile, line, task.userId)));
  const ownFronts = store.frontsOf(task.userId).filter(({ line }) => profiles.some((profile) => mayServe(profile, line, task.userId)));
  const before = ownFronts.reduce((sum, { line, tasks }) => {
    return sum + (seq === Infinity ? tasks : store.countWaitingBefore(line, task.userId, seq));
  }, onTheirWay);
  // On a box that takes its owner's tasks alone, nobody else is in the way.
  const shared = lines.filter((line) => profiles.some((profile) => profile.onlyFor === null && mayServe(profile, line, task.userId)));
  const keys = new Set(shared.map(lineKey));
  const ownShared = ownFronts.filter(({ line }) => keys.has(lineKey(line)));
  const others = shared.reduce((sum, line) => sum + line.tasks, 0) - ownShared.reduce((sum, front) => sum + front.tasks, 0);
  const users = shared.reduce((sum, line) => sum + line.users, 0) - ownShared.length;
  // Until the user's turn comes again, each other user is served in proportion to the weights; theirs are taken to be ordinary.
  const rounds = before + (isNext(store, shared, task, seq) ? 0 : 1);
  const between = Math.min(others, Math.ceil((rounds * users) / weightOf(vip, clock.now)));

  const ownMs = expectedMs(store, task);
  const free = profiles.flatMap((profile) => freeTimes(store, profile, ownLine, clock.now));
  const starts = startTimes(store, profiles, lines, ownMs, free);
  const spread = spreadOf(store, task);
  return {
    position: 1 + before + between,
    totalMs: starts(before + between) + ownMs,
    lowMs: (starts(before) + ownMs) * (1 - spread),
    highMs: (starts(before + others) + ownMs) * (1 + spread) + loadMsOf(store, task.model),
  };
}

/** Whether nobody's turn in these lines comes before this user's. */
function isNext(store: DispatchStore, lines: WaitingLine[], task: Omit<TaskToQueue, "vip">, seq: number): boolean {
  const { userId } = task;
  const own = { line: store.lineOf(task), userId, tasks: 1, seq, usage: store.shareOf(userId).usage };
  return lines.every((line) => {
    const next = store.nextByShare(line);
    return next === null || next.userId === userId || byShare(own, next) < 0;
  });
}

/**
 * @param freeMs in how many milliseconds each slot of some agents is free
 * @returns how many milliseconds from now a task starts that has so many before it.
 */
function startTimes(
  store: DispatchStore,
  profiles: Profile[],
  lines: WaitingLine[],
  ownMs: number,
  freeMs: number[],
): (before: number) => number {
  const slots = profiles.reduce((sum, profile) => sum + profile.slots, 0);
  const tasks = lines.reduce((sum, line) => sum + line.tasks, 0);
  const workMs = lines.reduce((sum, line) => sum + (speedOf(store, line) * line.work) / 1e6, 0);
  const eachMs = tasks > 0 ? workMs / tasks : ownMs;
  const free = freeMs.toSorted((a, b) => a - b);
  // Nobody is connected now: as if one came this moment.
  if (free.length === 0) free.push(0);
  // Each of the sample stands for as many slots.
  const scale = Math.max(1, slots / free.length);
  return (before) => {
    const times = [...free];
    const followed = Math.min(Math.floor(before / scale), FOLLOWED_STARTS);
    for (let n = 0; n < followed; n++) insertSorted(times, (times.shift() ?? 0) + eachMs);
    return (times[0] ?? 0) + ((before / scale - followed) * eachMs) / free.length;
  };
}

/** In how many milliseconds each slot of some members is free that could take such a task. */
function freeTimes(store: DispatchStore, profile: Profile, line: Requirement, now: number): number[] {
  const times: number[] = [];
  for (const agentId of profile.members) {
    const agent = store.getAgent(agentId);
    if (!agent?.isConnected || agent.intake) continue;
    const all = store.itemsOfAgent(agentId);
    const items = all.filter((item) => mayMeet(agent.models, item, line));
    for (const item of items)
      times.push(item.state === "running" ? remainingMs(expectedMs(store, item), now - item.startedAt) : expectedMs(store, item));
    const idle = agent.freeByEngine ? store.agents.openFor(agentId, line) : agent.slots - all.length;
    for (let open = idle; open > 0; open--) times.push(0);
    if (times.length >= SAMPLE) break;
  }
  return times;
}

/** One that takes longer than expected is taken to need a tenth more. */
const remainingMs = (expected: number, elapsed: number): number => Math.max(expected - elapsed, expected / 10);

function insertSorted(times: number[], time: number): void {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  times.splice(low, 0, time);
}
