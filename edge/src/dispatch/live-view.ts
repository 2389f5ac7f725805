import type { ProgressMessage } from "@star-graph/shared/push";
import { progressPercent, type TaskProgress } from "@star-graph/shared/task";
import { canRun } from "./matching.ts";
import { PHASE_TEXT } from "./phase-text.ts";
import type { DispatchStore } from "./store.ts";
import type { LiveTask, WorkItem, WorkItemIn } from "./types.ts";

/** What is known of a task on the work list, beside what D1 says. @param newest the newest step, if memory has one */
export function viewItem(store: DispatchStore, item: WorkItem, newest: TaskProgress | undefined): LiveTask {
  switch (item.state) {
    case "waiting":
      return { queuePosition: placeInLine(store, item) };
    case "offered":
      return { queuePosition: 0 };
    case "running":
      return { progress: newest ?? item.progress };
    case "ending":
      return { progress: newest ?? { phase: "uploading", step: 0, totalSteps: 0 } };
    case "stopping":
      return { stopping: true };
  }
}

/** 1 for the task that is next, counting the lines that agents able to run this one also serve. */
function placeInLine(store: DispatchStore, item: WorkItemIn<"waiting">): number {
  const capable = store.listAgents().filter((agent) => agent.isConnected && canRun(agent, item));
  const lines = store.waitingLines().filter((line) => capable.some((agent) => canRun(agent, line)));
  return 1 + lines.reduce((sum, line) => sum + store.countWaitingBefore(line, item.seq), 0);
}

/** Spec 8.3's progress message. */
export function progressMessage(item: WorkItemIn<"running">, progress: TaskProgress): ProgressMessage {
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
  };
}
