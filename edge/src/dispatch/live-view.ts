import type { ProgressMessage } from "@star-graph/shared/push";
import { progressPercent, type TaskProgress } from "@star-graph/shared/task";
import { canRun } from "./matching.ts";
import { PHASE_TEXT } from "./phase-text.ts";
import type { DispatchStore } from "./store.ts";
import type { LiveTask, WaitingFor, WorkItem, WorkItemIn } from "./types.ts";

/** What is known of a task on the work list, beside what D1 says. @param newest the newest step, if memory has one */
export function viewItem(store: DispatchStore, item: WorkItem, newest: TaskProgress | undefined): LiveTask {
  switch (item.state) {
    case "waiting":
      return viewWaiting(store, item);
    case "offered":
      return { queuePosition: 0, waitingFor: { code: "AGENT_ANSWER" } };
    case "running":
      return { progress: newest ?? item.progress };
    case "ending":
      return { progress: newest ?? { phase: "uploading", step: 0, totalSteps: 0 } };
    case "stopping":
      return { stopping: true };
  }
}

/** Its place, counted in the lines that agents able to run it also serve (1: it is next), and what it waits for. */
function viewWaiting(store: DispatchStore, item: WorkItemIn<"waiting">): LiveTask {
  const capable = store.listAgents().filter((agent) => agent.isConnected && canRun(agent, item));
  const lines = store.waitingLines().filter((line) => capable.some((agent) => canRun(agent, line)));
  const ahead = lines.reduce((sum, line) => sum + store.countWaitingBefore(line, item.seq), 0);
  return { queuePosition: 1 + ahead, waitingFor: waitingFor(capable.length, ahead) };
}

function waitingFor(capableAgents: number, tasks: number): WaitingFor {
  if (capableAgents === 0) return { code: "CAPABLE_AGENT" };
  return tasks > 0 ? { code: "TASKS_AHEAD", tasks } : { code: "FREE_SLOT" };
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
