import { DEFAULT_STEPS, EngineTask, type GenerateRequest, type Submission } from "@star-graph/shared/rest/generate";
import { modelOf, promptOf, workOf } from "@star-graph/shared/work";
import { priceOf } from "../billing/price.ts";
import { fieldError } from "../http/field-error.ts";
import { readPicture, type ReadPictureDeps, type TaskPicture } from "../inputs/read-picture.ts";
import { type Content, contentOfPicture } from "../moderation/classifier.ts";
import type { Moderation } from "../moderation/moderate.ts";
import { checkCallbackUrl } from "../webhooks/check-callback-url.ts";
import { checkLimits, checkPixels } from "./check-limits.ts";
import type { GenerateStore, ModelRow } from "./store.ts";

export interface PlanTaskDeps extends Pick<GenerateStore, "findModel">, Pick<Moderation, "moderate">, ReadPictureDeps {
  randomBytes(length: number): Uint8Array;
}

/** A request that could be accepted, and what it would cost. Nothing is stored for it yet. */
export interface TaskPlan {
  task: EngineTask;
  /** Credits. */
  cost: number;
  /** GPU memory that its model needs; null where nobody said it. */
  memoryBytes: number | null;
  picture: TaskPicture | null;
  submission: Submission;
}

/**
 * Turns a request of spec chapter 5 or 6 into what an engine would be given, and prices it: model, the model's limits,
 * input picture, moderation, seed.
 * @throws {AppError} `BAD_REQUEST` naming the field, `UNSUPPORTED_IMAGE`, `FILE_TOO_LARGE`, `SENSITIVE_CONTENT`.
 */
export async function planTask(deps: PlanTaskDeps, userId: number, request: GenerateRequest): Promise<TaskPlan> {
  const { type, body } = request;
  checkCallbackUrl(deps, body);
  const model = await modelFor(deps, type, type === "UPSCALE" ? body.model : body.modelName);
  const steps = type === "UPSCALE" ? null : (body.steps ?? model.limits.defaultSteps ?? DEFAULT_STEPS[type]);
  if (steps !== null) checkLimits(model.limits, { ...body, steps });
  const picture = await readPicture(deps, userId, request);
  const seed = "seed" in body && body.seed !== -1 ? body.seed : randomSeed(deps);
  const measured = picture && { imageWidth: picture.width, imageHeight: picture.height };
  const task = EngineTask.parse({ type, parameters: { ...body, seed, ...(steps !== null && { steps }), ...measured } });
  if (type === "UPSCALE") checkPixels(model.limits, workOf(task).pixels, "scaleFactor");
  await deps.moderate(contentOf(task, picture));
  return { task, cost: priceOf(model.priceCredits, task), memoryBytes: model.memoryBytes, picture, submission: body };
}

/** The same task once more, at today's price and under today's rules (spec 7.4). @throws as `planTask` does. */
export async function planRepeat(
  deps: PlanTaskDeps,
  task: EngineTask,
  picture: TaskPicture | null,
  submission: Submission,
): Promise<TaskPlan> {
  const model = await modelFor(deps, task.type, modelOf(task));
  if (task.type === "UPSCALE") checkPixels(model.limits, workOf(task).pixels, "scaleFactor");
  else checkLimits(model.limits, task.parameters);
  await deps.moderate(contentOf(task, picture));
  return { task, cost: priceOf(model.priceCredits, task), memoryBytes: model.memoryBytes, picture, submission };
}

/** What is judged. Negative prompts name what nobody wants to see, and pictures that are stored already were judged before. */
function contentOf(task: EngineTask, picture: TaskPicture | null): Content {
  const texts = [promptOf(task)];
  return picture?.kind === "new" ? contentOfPicture(picture.picture, texts) : { texts };
}

/** @throws {AppError} `BAD_REQUEST` for a model that is not in the table, is switched off or does not do that type. */
async function modelFor(deps: Pick<GenerateStore, "findModel">, type: EngineTask["type"], name: string): Promise<ModelRow> {
  const model = await deps.findModel(name);
  if (model?.types.includes(type)) return model;
  throw fieldError("BAD_REQUEST", type === "UPSCALE" ? "model" : "modelName", {
    zh: `没有可用于 ${type} 的模型 ${name}`,
    en: `no model for ${type} is called ${name}`,
  });
}

/** 53 random bits: every seed that a JSON number can carry. */
function randomSeed(deps: Pick<PlanTaskDeps, "randomBytes">): number {
  const view = new DataView(deps.randomBytes(8).slice().buffer);
  return Number(view.getBigUint64(0) & BigInt(Number.MAX_SAFE_INTEGER));
}
