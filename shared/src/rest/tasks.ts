import { z } from "zod";
import { PageQuery } from "../page.ts";
import { type Phase, type ResultFormat, TaskStatus, TaskType } from "../task.ts";

export const TaskIdParam = z.object({ taskId: z.string().min(1).max(64) });

export const TASK_SORT_FIELDS = ["createTime", "completeTime", "cost"] as const;

/** Query of `GET /api/v1/tasks` (spec 7.1). */
export const TaskListQuery = PageQuery.extend({
  status: TaskStatus.optional(),
  type: TaskType.optional(),
  sort: z.enum(TASK_SORT_FIELDS).default("createTime"),
});
export type TaskListQuery = z.infer<typeof TaskListQuery>;

/** One line of the task list (spec 7.1): `results` are URLs here and objects in the detail. */
export interface TaskListItem {
  id: string;
  type: TaskType;
  status: TaskStatus;
  progress: number;
  prompt: string;
  results: string[];
  cost: number;
  createTime: string;
  completeTime: string | null;
}

export interface TaskResultFile {
  url: string;
  thumbnailUrl: string;
  /** Bytes. */
  size: number;
  width: number;
  height: number;
  format: ResultFormat;
}

/** Task detail (spec 7.2), and what its users expect beside it. `queueTime` and `processTime` are seconds. */
export interface TaskDetail {
  id: string;
  type: TaskType;
  status: TaskStatus;
  progress: number;
  prompt: string;
  negativePrompt: string;
  parameters: Record<string, unknown>;
  results: TaskResultFile[];
  cost: number;
  queueTime: number | null;
  processTime: number | null;
  createTime: string;
  startTime: string | null;
  completeTime: string | null;
  /** The newest phase and step, while the task runs. */
  phase?: Phase;
  currentStep?: number;
  totalSteps?: number;
  /** Tasks ahead of this one, while it waits. */
  queuePosition?: number;
  /** A cancelled task whose engine has not yet confirmed that it stopped. */
  stopping?: true;
  clientId?: string;
  /** Which engine and model really made the result; the model can differ from the one asked for, and `notes` says so. */
  servedBy?: { engine: string; model: string };
  notes?: string[];
  error?: { code: number | string; message: string };
}

/** Answer of `DELETE /api/v1/tasks/{taskId}` (spec 7.3); `refund` is the credits released. */
export interface CancelAnswer {
  taskId: string;
  refund: number;
}
