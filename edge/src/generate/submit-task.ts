import { AppError, ERRORS } from "@star-graph/shared/errors";
import type { EngineTask, GenerateAnswer, GenerateRequest, Submission } from "@star-graph/shared/rest/generate";
import type { LocalText } from "@star-graph/shared/text";
import { modelOf, promptOf, workOf } from "@star-graph/shared/work";
import type { Ledger, NewTask } from "../billing/ledger.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import type { Admission, TaskToQueue } from "../dispatch/queue/types.ts";
import { memoryText } from "../dispatch/views/memory-text.ts";
import type { AnswerRecord } from "../idempotency/request-key.ts";
import { keepPicture, type StoreInputDeps } from "../inputs/store-input.ts";
import { planTask, type PlanTaskDeps, type TaskPlan } from "./plan-task.ts";
import type { GenerateStore } from "./store.ts";
import { newTaskId } from "./task-id.ts";

export interface PlaceTaskDeps extends Pick<GenerateStore, "poolsOf" | "vipOf">, Pick<Ledger, "openTask">, StoreInputDeps {
  /** Counts a submission of the user, and asks a pool whether it takes such a task now, and when it would start. */
  admit(shard: Shard, task: TaskToQueue): Promise<Admission>;
  /** The same question without counting: a place is kept for the task, as `admit` does. */
  reserve(shard: Shard, task: TaskToQueue): Promise<Admission>;
  /** Gives the place back that was kept for a task which does not come after all. May fail: it runs out by itself. */
  release(shard: Shard, taskId: string): Promise<void>;
  /** The pool's shards that may take the task, in the order to ask them. */
  shardsFor(pool: string, task: TaskToQueue): Promise<Shard[]>;
  /** Hands an accepted task to its shard. May fail: the sweep hands it over again. */
  enqueue(shard: Shard, task: TaskToQueue): Promise<void>;
}

export type SubmitTaskDeps = PlaceTaskDeps & PlanTaskDeps;

type Refused = Extract<Admission, { admitted: false }>;

interface SubmitOptions {
  /** What a repeat of the request will be answered, written in the same batch as the task or not at all. */
  record?: (answer: GenerateAnswer) => AnswerRecord | null;
  /** The task that this one repeats. */
  retryOf?: string;
}

/**
 * Accepts a task of any type (spec chapters 5 and 6): plan, admission, picture, task row with hold, queue.
 * @returns null when a parallel repeat of the same request was first, which nothing is kept of.
 * @throws {AppError} what `planTask` throws, `QUEUE_FULL`, `NO_GPU`, `INSUFFICIENT_CREDITS`. Nothing is frozen or kept then.
 */
export async function submitTask(
  deps: SubmitTaskDeps,
  userId: number,
  request: GenerateRequest,
  now: number,
  options: SubmitOptions = {},
): Promise<GenerateAnswer | null> {
  return placeTask(deps, userId, await planTask(deps, userId, request), now, options);
}

/** Puts a planned task on record and into its queue. Answers and throws as `submitTask` does. */
export async function placeTask(
  deps: PlaceTaskDeps,
  userId: number,
  { task, cost, memoryBytes, picture, submission }: TaskPlan,
  now: number,
  { record, retryOf }: SubmitOptions = {},
): Promise<GenerateAnswer | null> {
  const { type, parameters } = task;
  const vip = await deps.vipOf(userId);
  const queued = toQueue(task, submission, { taskId: newTaskId(type, now, deps.randomBytes(8)), userId, vip, memoryBytes }, now);
  const { shard, admission } = await askPools(deps, queued);
  if (!admission.admitted) throw new AppError(admission.reason, admission.memory && { text: refusalText(admission) });
  const { taskId, model, clientId, startBy, finishBy } = queued;
  const answer = {
    taskId,
    queuePosition: admission.queuePosition,
    estimatedTime: admission.estimatedSeconds,
    estimatedTimeRange: admission.estimatedRange,
    ...framesOf(task),
    cost,
  };
  const what = { id: taskId, userId, type, status: "PENDING" as const, model, prompt: promptOf(task), parameters, cost, clientId };
  const ways = { callbackUrl: submission.callbackUrl ?? null, retryOf: retryOf ?? null };
  const where = { ...shard, attemptCount: 0, createTime: now, startBy, finishBy };
  const outcome = await openWithPicture(deps, { ...what, ...ways, ...where }, picture, record?.(answer)).catch(async (error: unknown) => {
    await deps.release(shard, taskId);
    throw error;
  });
  if (outcome !== "opened") await deps.release(shard, taskId);
  if (outcome === "insufficient") throw new AppError("INSUFFICIENT_CREDITS");
  if (outcome === "repeated") return null;
  await deps.enqueue(shard, queued);
  return answer;
}

/** The task on record with the picture that it works on; the picture does not stay without the task. */
async function openWithPicture(
  deps: PlaceTaskDeps,
  task: Omit<NewTask, "inputId">,
  picture: TaskPlan["picture"],
  record: AnswerRecord | null | undefined,
): Promise<Awaited<ReturnType<Ledger["openTask"]>>> {
  const input = picture && (await keepPicture(deps, task.userId, picture, task.createTime));
  const outcome = await deps.openTask({ ...task, inputId: input?.id ?? null }, record);
  if (outcome !== "opened" && input?.isNew) await deps.removeInput(input.id, task.createTime);
  return outcome;
}

/** What spec 6.1 says of a video beside the rest. */
function framesOf({ type, parameters }: EngineTask): Pick<GenerateAnswer, "duration" | "fps" | "totalFrames"> {
  if (type !== "TEXT2VIDEO" && type !== "IMG2VIDEO") return {};
  const { duration, fps } = parameters;
  return { duration, fps, totalFrames: duration * fps };
}

/** Why no pool takes it, in words. */
export function refusalText({ reason, memory }: Refused): LocalText {
  const { zh, en } = ERRORS[reason];
  if (!memory) return { zh, en };
  const text = memoryText(memory);
  return { zh: `${zh}：${text.zh}`, en: `${en}: ${text.en}` };
}

interface QueueFacts {
  taskId: string;
  userId: number;
  vip: TaskToQueue["vip"] | null;
  memoryBytes: number | null;
}

/** A task as its queue sees it. */
export function toQueue(
  task: EngineTask,
  submission: Submission,
  { taskId, userId, vip, memoryBytes }: QueueFacts,
  now: number,
): TaskToQueue {
  const { clientId = null, startWithinSeconds, finishWithinSeconds } = submission;
  return {
    taskId,
    userId,
    type: task.type,
    model: modelOf(task),
    ...workOf(task),
    ...(memoryBytes !== null && { memoryBytes }),
    ...(vip && { vip }),
    clientId,
    createTime: now,
    startBy: startWithinSeconds === undefined ? null : now + startWithinSeconds * 1000,
    finishBy: finishWithinSeconds === undefined ? null : now + finishWithinSeconds * 1000,
    failures: 0,
    attemptNumber: 0,
  };
}

/** Who waits may get in where the queue is full, and nowhere else; of missing agents, those that are too small say what to look for. */
function saysMore(one: Refused, other: Refused): boolean {
  const rank = ({ reason, memory }: Refused) => (reason === "QUEUE_FULL" ? 2 : memory ? 1 : 0);
  return rank(one) > rank(other);
}

/**
 * The first shard that takes the task, of the user's pools in their order: their own boxes before the public ones. Where none does,
 * a full queue is the answer rather than a missing agent. The shard that is asked first counts the submission, so that it is counted once.
 */
export async function askPools(
  deps: Pick<PlaceTaskDeps, "poolsOf" | "shardsFor" | "admit" | "reserve">,
  task: TaskToQueue,
): Promise<{ shard: Shard; admission: Admission }> {
  let best: { shard: Shard; admission: Refused } | null = null;
  for (const pool of await deps.poolsOf(task.userId)) {
    for (const shard of await deps.shardsFor(pool, task)) {
      const admission: Admission = await (best === null ? deps.admit(shard, task) : deps.reserve(shard, task));
      if (admission.admitted) return { shard, admission };
      if (best === null || saysMore(admission, best.admission)) best = { shard, admission };
    }
  }
  if (best === null) throw new Error("a user without a pool");
  return best;
}
