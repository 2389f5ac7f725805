import { DEFAULTS } from "@star-graph/shared/defaults";
import type { Profile } from "./agent-index.ts";
import type { QueueClock } from "./clock.ts";
import { memoryShortfall } from "./memory-shortfall.ts";
import { lookAhead } from "./outlook.ts";
import type { Reservations } from "./reservations.ts";
import type { DispatchStore } from "./store.ts";
import type { Admission, TaskToQueue } from "./types.ts";

/**
 * Would a task be taken now, and when would it be done? Places that are reserved count as taken.
 * @returns E007 when no agent that could run it is connected or was within the last minute, E003 when the queue is full.
 */
export function admit(store: DispatchStore, reserved: Reservations, task: TaskToQueue, clock: QueueClock): Admission {
  const { now, limits } = clock;
  const line = store.lineOf(task);
  const profiles = store.agents.profilesFor(line, task.userId);
  if (!profiles.some((profile) => isHere(store, profile, now))) {
    const memory = memoryShortfall(store, line, task.userId, (profile) => isHere(store, profile, now));
    return { admitted: false, reason: "NO_GPU", ...(memory && { memory }) };
  }
  const onTheirWay = reserved.countOf(task.userId, now);
  const ofUser = store.shareOf(task.userId).waiting + onTheirWay;
  if (store.countWaiting() + reserved.count(now) >= limits.waiting || ofUser >= limits.waitingPerUser) {
    return { admitted: false, reason: "QUEUE_FULL" };
  }
  const { position, totalMs, lowMs, highMs } = lookAhead(store, task, { seq: Infinity, onTheirWay, vip: task.vip ?? null }, clock);
  const hasRoom = profiles.some((profile) => !store.agents.withRoom(profile, line).next().done);
  return {
    admitted: true,
    // 0: a GPU is free now.
    queuePosition: hasRoom && position === 1 ? 0 : position,
    estimatedSeconds: toSeconds(totalMs),
    // The number of the document lies in the range by what it means: a guess beside it would only confuse.
    estimatedRange: { low: toSeconds(Math.min(lowMs, totalMs)), high: toSeconds(Math.max(highMs, totalMs)) },
  };
}

const toSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** Who is offered nothing until somebody says otherwise is nobody to wait for. */
function isHere(store: DispatchStore, { connected, members }: Profile, now: number): boolean {
  if (connected > 0) return true;
  return [...members].some((agentId) => {
    const agent = store.getAgent(agentId);
    return agent !== null && !agent.intake && now - agent.lastSeenAt <= DEFAULTS.agentSeenMs;
  });
}
