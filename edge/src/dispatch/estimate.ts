import { DEFAULTS } from "@star-graph/shared/defaults";
import { canRun, openSlots } from "./matching.ts";
import type { DispatchStore } from "./store.ts";
import type { Admission, AgentRecord, TaskToQueue } from "./types.ts";

/** Before anything was measured: about ten seconds for a 1024×1024 picture of 30 steps. */
const UNKNOWN_MS_PER_MEGA_WORK = 320;
/** How much of a new measurement is believed: old ones fade in a handful of tasks. */
const NEW_SHARE = 0.3;

const speedKey = ({ type, model }: Pick<TaskToQueue, "type" | "model">): string => `${type}|${model}`;

/** Expected running time of a task, from what its kind took lately. */
export function expectedMs(store: DispatchStore, task: Pick<TaskToQueue, "type" | "model" | "work">): number {
  return ((store.getSpeed(speedKey(task)) ?? UNKNOWN_MS_PER_MEGA_WORK) * task.work) / 1e6;
}

/** Learns from a task that took so long; a clock that was set back teaches nothing. */
export function learnSpeed(store: DispatchStore, task: Pick<TaskToQueue, "type" | "model" | "work">, tookMs: number): void {
  if (tookMs <= 0) return;
  const measured = (tookMs * 1e6) / task.work;
  const before = store.getSpeed(speedKey(task));
  store.putSpeed(speedKey(task), before === null ? measured : before + NEW_SHARE * (measured - before));
}

/** Tasks that are served before one that joins now, counted in the lines that the agents able to run it also serve. */
function queuePosition(store: DispatchStore, task: TaskToQueue, capable: AgentRecord[]): number {
  const shared = store.waitingLines().filter((line) => capable.some((agent) => canRun(agent, line)));
  return shared.reduce((sum, line) => sum + line.tasks, 0) + 1;
}

/** Whether the pool takes such a task now (spec 9.2, E003 and E007), its place and the seconds until it should be done. */
export function admit(store: DispatchStore, task: TaskToQueue, now: number): Admission {
  const agents = store.listAgents().filter((agent) => agent.isConnected || now - agent.lastSeenAt <= DEFAULTS.agentSeenMs);
  // Who is offered nothing until somebody says otherwise is nobody to wait for.
  const capable = agents.filter((agent) => !agent.intake && canRun(agent, task));
  if (capable.length === 0) return { admitted: false, reason: "NO_GPU" };
  if (store.countWaiting() >= DEFAULTS.queueLimit || store.countWaitingOfUser(task.userId) >= DEFAULTS.queueLimitPerUser) {
    return { admitted: false, reason: "QUEUE_FULL" };
  }
  const isSlotOpen = capable.some((agent) => openSlots(agent, store.itemsOfAgent(agent.agentId)) > 0);
  const position = queuePosition(store, task, capable);
  const ahead = isSlotOpen && position === 1 ? 0 : position;
  const slots = capable.reduce((sum, agent) => sum + agent.slots, 0);
  const ownMs = expectedMs(store, task);
  return { admitted: true, queuePosition: ahead, estimatedSeconds: Math.max(1, Math.ceil((ownMs * (1 + ahead / slots)) / 1000)) };
}
