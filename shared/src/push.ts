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

export type EndMessage = ResultMessage | TaskErrorMessage;
export type PushMessage = ProgressMessage | EndMessage;
