import { z } from "zod";
import { PageQuery, pageOf } from "../page.ts";
import { Phase, ResultFormat, TaskStatus, TaskType } from "../task.ts";
import { WireTime } from "../wire-time.ts";

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
export const TaskListItem = z.object({
  id: z.string(),
  type: TaskType,
  status: TaskStatus,
  progress: z.int().describe("percent; 100 only once completed"),
  prompt: z.string(),
  results: z.array(z.string()).describe("URLs"),
  cost: z.int().describe("credits"),
  createTime: WireTime,
  completeTime: WireTime.nullable(),
});
export type TaskListItem = z.infer<typeof TaskListItem>;

export const TaskPage = pageOf(TaskListItem);

export const TaskResultFile = z.object({
  url: z.string(),
  thumbnailUrl: z.string(),
  size: z.int().describe("bytes"),
  width: z.int(),
  height: z.int(),
  format: ResultFormat,
  expireTime: WireTime.describe("when the file is deleted"),
});
export type TaskResultFile = z.infer<typeof TaskResultFile>;

/** Why a task failed: a code of spec chapter 9. */
export const TaskError = z.object({ code: z.union([z.int(), z.string()]), message: z.string() });

/** What a waiting task waits for: a code for programs and a sentence in the caller's language. */
export const WaitingForView = z.object({
  code: z.enum(["CAPABLE_AGENT", "TASKS_AHEAD", "FREE_SLOT", "OWN_TASKS", "AGENTS_RESTING", "AGENT_ANSWER", "QUEUE"]),
  message: z.string(),
});
export type WaitingForView = z.infer<typeof WaitingForView>;

/** One run of a task on an agent. */
export const TaskAttempt = z.object({
  number: z.int(),
  agentName: z.string(),
  startTime: WireTime,
  endTime: WireTime.nullable(),
  outcome: z.enum(["COMPLETED", "FAILED", "LOST", "CANCELLED"]).nullable().describe("null while it runs"),
  reason: z.string().nullable().describe("why it came to nothing"),
  stopTimeMs: z.int().optional().describe("after a cancel: milliseconds until its engine had stopped"),
});
export type TaskAttempt = z.infer<typeof TaskAttempt>;

/** What a task did to its user's credits, as in the fund records. */
export const TaskCredit = z.object({
  type: z.enum(["FREEZE", "UNFREEZE", "DEDUCT", "REFUND"]),
  amount: z.int().describe("signed change of the balance"),
  frozen: z.int().describe("signed change of the frozen credits"),
  reason: z.string(),
  createTime: WireTime,
});
export type TaskCredit = z.infer<typeof TaskCredit>;

/** Task detail (spec 7.2), and what its users expect beside it. */
export const TaskDetail = z.object({
  id: z.string(),
  type: TaskType,
  status: TaskStatus,
  progress: z.int().describe("percent; 100 only once completed"),
  prompt: z.string(),
  negativePrompt: z.string(),
  parameters: z.record(z.string(), z.unknown()).describe("as submitted, with the defaults and the drawn seed"),
  results: z.array(TaskResultFile),
  resultsExpired: z.literal(true).optional().describe("completed so long ago that its files have been deleted"),
  cost: z.int().describe("credits"),
  queueTime: z.int().nullable().describe("seconds"),
  processTime: z.int().nullable().describe("seconds"),
  createTime: WireTime,
  startTime: WireTime.nullable(),
  completeTime: WireTime.nullable(),
  phase: Phase.optional().describe("while the task runs"),
  currentStep: z.int().optional(),
  totalSteps: z.int().optional(),
  queuePosition: z.int().optional().describe("tasks ahead of this one, while it waits"),
  waitingFor: WaitingForView.optional().describe("while it waits: why it does not run yet"),
  stopping: z.literal(true).optional().describe("cancelled, and the engine has not yet confirmed that it stopped"),
  clientId: z.string().optional(),
  servedBy: z
    .object({ engine: z.string(), model: z.string() })
    .optional()
    .describe("which engine and model really made the result; the model can differ from the one asked for, and `notes` says so"),
  notes: z.array(z.string()).optional().describe("what the engine did differently from what was asked, in the language of the request"),
  error: TaskError.optional(),
  attempts: z.array(TaskAttempt).describe("its runs on agents, the first one first"),
  credits: z.array(TaskCredit).describe("what it froze, and what was charged, released or returned of it"),
  retryOf: z.string().optional().describe("the task that this one repeats"),
  retriedBy: z.array(z.string()).optional().describe("tasks that repeat this one"),
});
export type TaskDetail = z.infer<typeof TaskDetail>;

/** Answer of `DELETE /api/v1/tasks/{taskId}` (spec 7.3). */
export const CancelAnswer = z.object({ taskId: z.string(), refund: z.int().describe("credits released") });
export type CancelAnswer = z.infer<typeof CancelAnswer>;

/** Query of `GET /api/v1/tasks/{taskId}`. */
export const TaskDetailQuery = z.object({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(60)
    .default(0)
    .describe("seconds: answers when the task's status has changed or it has ended, at the latest after so long"),
});

/** Query of `GET /api/v1/tasks/{taskId}/events`. */
export const TaskEventsQuery = z.object({
  ticket: z.string().max(2048).optional().describe("of POST …/events/ticket, for a browser's EventSource, which cannot send a token"),
});

/** Answer of `POST /api/v1/tasks/{taskId}/events/ticket`. */
export const EventsTicket = z.object({
  ticket: z.string(),
  expiresIn: z.int().describe("seconds"),
  url: z.string().describe("the stream's address, with the ticket in it"),
});
export type EventsTicket = z.infer<typeof EventsTicket>;

/** Answer of `POST /api/v1/tasks/{taskId}/retry` (spec 7.4). */
export const RetryAnswer = z.object({ newTaskId: z.string(), queuePosition: z.int().describe("0: a GPU is free now") });
export type RetryAnswer = z.infer<typeof RetryAnswer>;
