import type { Phase, TaskStatus } from "./task.ts";

/** Where a user's own messages are published (spec 8.2). */
export const PUSH_DESTINATIONS = {
  progress: "/user/topic/progress",
  result: "/user/topic/result",
  reply: "/user/queue/reply",
} as const;

interface TaskMessage {
  taskId: string;
  /** The caller's own mark, when the task was given one. */
  clientId?: string;
}

/** Spec 8.3, "进度消息". */
export interface ProgressMessage extends TaskMessage {
  type: "progress";
  progress: number;
  currentStep: number;
  totalSteps: number;
  message: string;
  phase: Phase;
  /** 1 for the first run; higher when the task had to be started again. */
  attempt: number;
  /** While it waits: its place, 1 being next. */
  queuePosition?: number;
  /** Seconds until it is done, as far as that can be told. */
  estimatedTime?: number;
  /** A small picture of the running step, as long as the task runs; the newest, under another address each time. */
  previewUrl?: string;
}

/** Spec 8.3, "结果消息". A cancelled task is told here too, with no results. */
export interface ResultMessage extends TaskMessage {
  type: "result";
  status: Extract<TaskStatus, "COMPLETED" | "CANCELLED">;
  results: { url: string; thumbnailUrl: string }[];
  /** Cancelled while it ran: its engine had not confirmed yet that it stopped. */
  stopping?: true;
}

/** Spec 8.3, "错误消息": goes to `/user/topic/result`, where a client waits for the end of its task. */
export interface TaskErrorMessage extends TaskMessage {
  type: "error";
  code: number | string;
  message: string;
}

/**
 * Answers a `last-event-id` that lies too far back: what happened between these two is no longer kept. The newest state of each
 * live task and the ends after it follow; what became of other tasks is found in their list.
 */
export interface GapMessage {
  type: "gap";
  afterEventId: number;
  resumedAfterEventId: number;
}

export type EndMessage = ResultMessage | TaskErrorMessage;
export type PushMessage = ProgressMessage | EndMessage;
