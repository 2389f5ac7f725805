import { z } from "zod";

/** The six kinds of task and the prefix of their ids (spec 5 to 7, decisions "Tasks"). */
export const TASK_ID_PREFIX = {
  TEXT2IMG: "t2i",
  IMG2IMG: "i2i",
  UPSCALE: "ups",
  POSE: "pose",
  TEXT2VIDEO: "t2v",
  IMG2VIDEO: "i2v",
} as const;

export const TaskType = z.enum(["TEXT2IMG", "IMG2IMG", "UPSCALE", "POSE", "TEXT2VIDEO", "IMG2VIDEO"]);
export type TaskType = z.infer<typeof TaskType>;

/** Spec 7.1, and `CANCELLED`, which 7.3 needs but does not list. */
export const TaskStatus = z.enum(["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

export type TerminalStatus = Extract<TaskStatus, "COMPLETED" | "FAILED" | "CANCELLED">;

export function isTerminal(status: TaskStatus): status is TerminalStatus {
  return status === "COMPLETED" || status === "FAILED" || status === "CANCELLED";
}

/** What an attempt is doing, in this order and never backwards inside one attempt. */
export const PHASES = ["queued", "loading", "sampling", "encoding", "uploading"] as const;
export const Phase = z.enum(PHASES);
export type Phase = z.infer<typeof Phase>;

/** The newest thing known about a running attempt. */
export interface TaskProgress {
  phase: Phase;
  step: number;
  totalSteps: number;
}

/**
 * Percent for spec 7.1 and 8.3, where step 15 of 30 is 50. Only the end of the task is 100, so that a
 * client which stops at 100 never stops early.
 */
export function progressPercent({ phase, step, totalSteps }: TaskProgress): number {
  switch (phase) {
    case "queued":
    case "loading":
      return 0;
    case "sampling":
      return totalSteps > 0 ? Math.min(99, Math.floor((100 * step) / totalSteps)) : 0;
    case "encoding":
    case "uploading":
      return 99;
  }
}

/**
 * What is shown of a phase after sampling: the steps stay where sampling left them, or a client that counts steps
 * (spec 8.3) would see them begin again while the result is encoded and uploaded.
 */
export function withStepsKept(progress: TaskProgress, before: TaskProgress | undefined): TaskProgress {
  if (progress.phase !== "encoding" && progress.phase !== "uploading") return progress;
  const totalSteps = before?.totalSteps ?? 0;
  return { phase: progress.phase, step: totalSteps, totalSteps };
}

export const ResultFormat = z.enum(["PNG", "JPEG", "WEBP", "MP4"]);
export type ResultFormat = z.infer<typeof ResultFormat>;
