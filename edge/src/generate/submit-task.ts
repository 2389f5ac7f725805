import { AppError } from "@star-graph/shared/errors";
import { type GenerateAnswer, type Text2ImgBody, Text2ImgParameters } from "@star-graph/shared/rest/generate";
import type { Ledger, NewTask } from "../billing/ledger.ts";
import { priceText2Img } from "../billing/price.ts";
import type { Admission, TaskToQueue } from "../dispatch/types.ts";
import type { GenerateStore } from "./store.ts";
import { newTaskId } from "./task-id.ts";

export interface SubmitTaskDeps extends Pick<GenerateStore, "findModel" | "poolsOf">, Pick<Ledger, "openTask"> {
  /** Asks a pool whether it takes such a task now, and when it would start. */
  admit(pool: string, task: TaskToQueue): Promise<Admission>;
  /** Hands an accepted task to its pool. May fail: the sweep hands it over again. */
  enqueue(pool: string, task: TaskToQueue): Promise<void>;
  randomBytes(length: number): Uint8Array;
}

/**
 * Accepts a text2img task (spec 5.1): price, admission, task row with hold, queue.
 * @throws {AppError} `BAD_REQUEST` for a model that is not in the table or does not make pictures from text, `QUEUE_FULL`,
 *   `NO_GPU`, `INSUFFICIENT_CREDITS`. Nothing is frozen or stored then.
 */
export async function submitText2Img(deps: SubmitTaskDeps, userId: number, body: Text2ImgBody, now: number): Promise<GenerateAnswer> {
  const model = await deps.findModel(body.modelName);
  if (!model?.types.includes("TEXT2IMG")) {
    const why = {
      zh: `请求参数错误：modelName: 没有可用于文生图的模型 ${body.modelName}`,
      en: `modelName: no text2img model is called ${body.modelName}`,
    };
    throw new AppError("BAD_REQUEST", { text: why, issues: [{ path: "modelName", message: why.en }] });
  }
  const parameters = Text2ImgParameters.parse({ ...body, seed: body.seed === -1 ? randomSeed(deps) : body.seed });
  const cost = priceText2Img(model.priceCredits, parameters);
  const task: TaskToQueue = {
    taskId: newTaskId("TEXT2IMG", now, deps.randomBytes(8)),
    userId,
    type: "TEXT2IMG",
    model: body.modelName,
    pixels: body.width * body.height,
    work: body.width * body.height * body.steps * body.batchSize,
    clientId: body.clientId ?? null,
    createTime: now,
    failures: 0,
    attemptNumber: 0,
  };
  const { pool, admission } = await admitSomewhere(deps, task);
  const row: NewTask = {
    id: task.taskId,
    userId,
    type: "TEXT2IMG",
    status: "PENDING",
    model: body.modelName,
    prompt: body.prompt,
    parameters,
    cost,
    clientId: body.clientId ?? null,
    pool,
    shard: 0,
    attemptCount: 0,
    createTime: now,
  };
  if ((await deps.openTask(row)) === "insufficient") throw new AppError("INSUFFICIENT_CREDITS");
  await deps.enqueue(pool, task);
  return { taskId: task.taskId, queuePosition: admission.queuePosition, estimatedTime: admission.estimatedSeconds, cost };
}

/** The first of the user's pools that takes the task: their own boxes before the public ones. */
async function admitSomewhere(deps: SubmitTaskDeps, task: TaskToQueue) {
  let refusal: "QUEUE_FULL" | "NO_GPU" = "NO_GPU";
  for (const pool of await deps.poolsOf(task.userId)) {
    const admission = await deps.admit(pool, task);
    if (admission.admitted) return { pool, admission };
    refusal = admission.reason;
  }
  throw new AppError(refusal);
}

/** 53 random bits: every seed that a JSON number can carry. */
function randomSeed(deps: SubmitTaskDeps): number {
  const view = new DataView(deps.randomBytes(8).slice().buffer);
  return Number(view.getBigUint64(0) & BigInt(Number.MAX_SAFE_INTEGER));
}
