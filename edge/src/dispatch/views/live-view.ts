import type { ProgressMessage } from "@star-graph/shared/push";
import { progressPercent, type TaskProgress } from "@star-graph/shared/task";
import type { Profile } from "../queue/agent-index.ts";
import type { QueueClock } from "../queue/clock.ts";
import { memoryShortfall } from "../queue/memory-shortfall.ts";
import { lookAhead } from "../queue/outlook.ts";
import { isQuarantined, restsModel } from "../queue/quarantine.ts";
import { PHASE_TEXT } from "./phase-text.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { LiveTask, WaitingFor, WorkItem, WorkItemIn } from "../queue/types.ts";

const REST_SAMPLE = 32;

/** What is known of a task on the work list, beside what D1 says. @param newest the newest step, if memory has one */
export function viewItem(store: DispatchStore, item: WorkItem, newest: TaskProgress | undefined, clock: QueueClock): LiveTask {
  switch (item.state) {
    case "waiting":
      return viewWaiting(store, item, clock);
    case "offered":
      return { queuePosition: 0, waitingFor: { code: "AGENT_ANSWER" } };
    case "running":
      return { progress: newest ?? item.progress, attemptId: item.attempt.id };
    case "ending":
      return { progress: newest ?? { phase: "uploading", step: 0, totalSteps: 0 } };
    case "stopping":
      return { stopping: true };
  }
}

/** Its place among what agents able to run it also serve (1: it is next), and what it waits for. */
function viewWaiting(store: DispatchStore, item: WorkItemIn<"waiting">, clock: QueueClock): LiveTask {
  const { position: queuePosition } = lookAhead(store, item, { seq: item.seq, onTheirWay: 0 }, clock);
  return { queuePosition, waitingFor: waitingFor(store, item, queuePosition - 1, clock) };
}

function waitingFor(store: DispatchStore, item: WorkItemIn<"waiting">, tasks: number, { limits }: QueueClock): WaitingFor {
  const profiles = store.agents.profilesFor(store.lineOf(item), item.userId);
  if (!profiles.some(hasConnected)) {
    const memory = memoryShortfall(store, store.lineOf(item), item.userId, hasConnected);
    return { code: "CAPABLE_AGENT", ...(memory && { memory }) };
  }
  if (profiles.every((profile) => allRest(store, profile, item))) return { code: "AGENTS_RESTING" };
  if (store.shareOf(item.userId).running >= limits.runningPerUser) return { code: "OWN_TASKS" };
  return tasks > 0 ? { code: "TASKS_AHEAD", tasks } : { code: "FREE_SLOT" };
}

const hasConnected = ({ connected }: Profile): boolean => connected > 0;

/** Whether every agent of a kind is in quarantine, or rests from that model; a sample of many speaks for all. */
function allRest(store: DispatchStore, { members }: Profile, { model, userId }: WorkItem): boolean {
  const agents = [...members].slice(0, REST_SAMPLE).flatMap((agentId) => store.getAgent(agentId) ?? []);
  return agents.filter(({ isConnected }) => isConnected).every((agent) => isQuarantined(agent) || restsModel(agent, model, userId));
}

/** Spec 8.3's message of a task that waits: `queuePosition` 1 is next, 0 is offered to an agent already. */
export function waitingMessage(store: DispatchStore, item: WorkItemIn<"waiting" | "offered">, clock: QueueClock): ProgressMessage {
  const { position, totalMs } = lookAhead(store, item, { seq: item.seq, onTheirWay: 0 }, clock);
  return {
    type: "progress",
    taskId: item.taskId,
    ...(item.clientId !== null && { clientId: item.clientId }),
    progress: 0,
    currentStep: 0,
    totalSteps: 0,
    message: PHASE_TEXT.queued,
    phase: "queued",
    // Of the run that it waits for.
    attempt: item.attemptNumber + 1,
    queuePosition: item.state === "offered" ? 0 : position,
    estimatedTime: Math.max(1, Math.ceil(totalMs / 1000)),
  };
}

/** Spec 8.3's progress message. @param expectedRunMs how long the whole run should take */
export function progressMessage(item: WorkItemIn<"running">, progress: TaskProgress, expectedRunMs: number, now: number): ProgressMessage {
  return {
    type: "progress",
    taskId: item.taskId,
    ...(item.clientId !== null && { clientId: item.clientId }),
    progress: progressPercent(progress),
    currentStep: progress.step,
    totalSteps: progress.totalSteps,
    message: PHASE_TEXT[progress.phase],
    phase: progress.phase,
    attempt: item.attempt.number,
    estimatedTime: Math.max(0, Math.ceil((item.startedAt + expectedRunMs - now) / 1000)),
  };
}
