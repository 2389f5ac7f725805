import { DEFAULTS } from "@star-graph/shared/defaults";
import { ERRORS, isErrorName } from "@star-graph/shared/errors";
import type { TaskDetail, TaskListItem, TaskResultFile, WaitingForView } from "@star-graph/shared/rest/tasks";
import { isTerminal, progressPercent } from "@star-graph/shared/task";
import type { Language, LocalText } from "@star-graph/shared/text";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { LiveTask, WaitingFor } from "../dispatch/queue/types.ts";
import { memoryText } from "../dispatch/views/memory-text.ts";
import { noteIn } from "./note-text.ts";
import type { ResultRow, TaskRow } from "./store.ts";

/** What the example of spec 10.1 reads beside `code`. */
export const DETAIL_TOP_LEVEL = ["id", "status", "progress", "results", "error"] as const;

/** How a stored file's key becomes its public URL. */
export type FileUrl = (key: string) => string;

function toResultFile(row: ResultRow, fileUrl: FileUrl): TaskResultFile {
  const { sizeBytes: size, width, height, format } = row;
  const expireTime = toWireTime(row.expireTime);
  return { url: fileUrl(row.fileKey), thumbnailUrl: fileUrl(row.thumbnailKey), size, width, height, format, expireTime };
}

function percent(task: TaskRow, live: LiveTask | undefined): number {
  if (task.status === "COMPLETED") return 100;
  return live?.progress && !isTerminal(task.status) ? progressPercent(live.progress) : 0;
}

/** One line of spec 7.1. */
export function toListItem(task: TaskRow, files: ResultRow[], live: LiveTask | undefined, fileUrl: FileUrl): TaskListItem {
  return {
    id: task.id,
    type: task.type,
    status: task.status,
    progress: percent(task, live),
    prompt: task.prompt,
    results: files.map((file) => fileUrl(file.fileKey)),
    cost: task.cost,
    createTime: toWireTime(task.createTime),
    completeTime: task.completeTime === null ? null : toWireTime(task.completeTime),
  };
}

const toSeconds = (ms: number): number => Math.round(ms / 1000);

interface DetailContext {
  fileUrl: FileUrl;
  language: Language;
  /** Unix milliseconds. */
  now: number;
}

/** Spec 7.2. `queueTime` and `processTime` are known once the task started and ended. */
export function toDetail(
  task: TaskRow,
  files: ResultRow[],
  live: LiveTask | undefined,
  { fileUrl, language, now }: DetailContext,
): Omit<TaskDetail, "attempts" | "credits"> {
  const { prompt: _, negativePrompt, ...parameters } = task.parameters ?? {};
  const isLive = !isTerminal(task.status);
  return {
    id: task.id,
    type: task.type,
    status: task.status,
    progress: percent(task, live),
    prompt: task.prompt,
    negativePrompt: typeof negativePrompt === "string" ? negativePrompt : "",
    parameters,
    results: files.map((file) => toResultFile(file, fileUrl)),
    ...(files.length === 0 && haveExpired(task, now) && { resultsExpired: true as const }),
    cost: task.cost,
    queueTime: task.startTime === null ? null : toSeconds(task.startTime - task.createTime),
    processTime: task.startTime === null || task.completeTime === null ? null : toSeconds(task.completeTime - task.startTime),
    createTime: toWireTime(task.createTime),
    startTime: task.startTime === null ? null : toWireTime(task.startTime),
    completeTime: task.completeTime === null ? null : toWireTime(task.completeTime),
    ...(isLive && live?.progress && { phase: live.progress.phase, currentStep: live.progress.step, totalSteps: live.progress.totalSteps }),
    ...(isLive && live?.queuePosition !== undefined && { queuePosition: live.queuePosition }),
    ...(task.status === "PENDING" && { waitingFor: viewWaiting(live?.waitingFor, language) }),
    ...(task.status === "CANCELLED" && live?.stopping && { stopping: true as const }),
    ...(task.clientId !== null && { clientId: task.clientId }),
    ...(task.servedBy && { servedBy: task.servedBy }),
    ...(task.notes && task.notes.length > 0 && { notes: task.notes.map((note) => noteIn(note, language)) }),
    ...(task.status === "FAILED" && { error: toWireError(task, language) }),
  };
}

/** Whether its files would be gone by now. Before that, their owner has deleted them. */
const haveExpired = ({ status, completeTime }: TaskRow, now: number): boolean =>
  status === "COMPLETED" && completeTime !== null && completeTime + DEFAULTS.retentionMs <= now;

/** Why a task does not run yet. One that its Dispatcher does not know is being handed over. */
function viewWaiting(waitingFor: WaitingFor | undefined, language: Language): WaitingForView {
  const code = waitingFor?.code ?? "QUEUE";
  const tasks = waitingFor?.code === "TASKS_AHEAD" ? waitingFor.tasks : 0;
  const memory = waitingFor?.code === "CAPABLE_AGENT" ? waitingFor.memory : undefined;
  const text: Record<typeof code, LocalText> = {
    CAPABLE_AGENT: memory ? memoryText(memory) : { zh: "没有能运行此任务的GPU在线", en: "No agent that can run it is connected" },
    TASKS_AHEAD: { zh: `前面还有 ${tasks} 个任务`, en: `${tasks} ${tasks === 1 ? "task is" : "tasks are"} ahead of it` },
    FREE_SLOT: { zh: "能运行此任务的GPU都在忙", en: "All agents that can run it are busy" },
    AGENTS_RESTING: { zh: "能运行此任务的GPU近期失败，暂停分配", en: "The agents that can run it failed lately and rest for a while" },
    OWN_TASKS: { zh: "您同时运行的任务已达上限", en: "As many of your tasks run as may at a time" },
    AGENT_ANSWER: { zh: "已分配给GPU，等待确认", en: "It has been offered to an agent" },
    QUEUE: { zh: "正在进入队列", en: "It is being queued" },
  };
  return { code, message: text[code][language] };
}

function toWireError(task: TaskRow, language: Language): { code: number | string; message: string } {
  const name = task.errorName ?? "";
  const row = ERRORS[isErrorName(name) ? name : "INTERNAL"];
  return { code: row.code, message: task.errorMessage ? `${row[language]}: ${task.errorMessage}` : row[language] };
}
