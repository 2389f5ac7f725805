import type { EngineTask } from "@star-graph/shared/rest/generate";
import { EngineError } from "../engine.ts";
import type { Plan } from "./graph.ts";
import { imageToImage, pose, textToImage, upscale } from "./graphs/image.ts";
import { ltx, svd, wan } from "./graphs/video.ts";
import type { NodeClasses } from "./object-info.ts";
import type { Recipe } from "./recipes.ts";

export interface PlanContext {
  classes: NodeClasses;
  /** Name of the uploaded picture, where the task has one. */
  image: string | null;
  prefix: string;
}

/**
 * The graph by which a recipe does a task.
 * @throws {EngineError} when it cannot.
 */
export function planTask(recipe: Recipe, task: EngineTask, context: PlanContext): Plan {
  const { classes, prefix } = context;
  if (recipe.kind === "workflow") return recipe.workflow.plan(task, context);
  const withImage = (): { prefix: string; image: string } => {
    if (context.image === null) throw new EngineError("INTERNAL", "the task came without its picture", { isRetryable: false });
    return { prefix, image: context.image };
  };
  if (recipe.kind === "image" && task.type === "TEXT2IMG") return textToImage(classes, recipe, task, { prefix });
  if (recipe.kind === "image" && task.type === "IMG2IMG") return imageToImage(classes, recipe, task, withImage());
  if (recipe.kind === "image" && task.type === "POSE") return pose(classes, recipe, task, withImage());
  if (recipe.kind === "upscale" && task.type === "UPSCALE") return upscale(classes, recipe.files, task, withImage());
  if (task.type === "TEXT2VIDEO" || task.type === "IMG2VIDEO") {
    const video = { classes, prefix, image: task.type === "IMG2VIDEO" ? withImage().image : null };
    if (recipe.kind === "svd") return svd(recipe, task, video);
    if (recipe.kind === "wan") return wan(recipe, task, video);
    if (recipe.kind === "ltx") return ltx(recipe, task, video);
  }
  throw new EngineError("INTERNAL", `this model cannot do ${task.type}`, { isRetryable: true });
}
