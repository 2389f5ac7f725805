import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { EngineError, type RunOptions } from "../engine.ts";
import { inspectMedia } from "../media/inspect.ts";
import { stripMetadata } from "../media/strip-metadata.ts";
import type { ComfyClient } from "./client.ts";
import { looksReadyMade } from "./ready-made-hint.ts";
import type { Recipe } from "./recipes.ts";

/**
 * Puts the task's picture where the server finds it, without its notes: the server would turn a photo as they say, and the
 * result would have other sides than were ordered. Named by its content, because inputs are never deleted there.
 * @returns its name, or null when the task has no picture.
 * @throws {EngineError} it is none that this recipe can use.
 */
export async function sendInput(
  client: ComfyClient,
  recipe: Recipe,
  task: EngineTask,
  { image }: RunOptions["inputs"],
): Promise<string | null> {
  if (!image) return null;
  const original = await readFile(image.path);
  const media = inspectMedia(original);
  const bytes = media && stripMetadata(original, media.format);
  if (!bytes || (media.format !== "PNG" && media.format !== "JPEG"))
    throw new EngineError("BAD_REQUEST", "the input picture cannot be read", { isRetryable: false });
  if (recipe.kind === "image" && task.type === "POSE") {
    const { controlType } = task.parameters;
    const control = recipe.controls.get(controlType);
    if (control?.preprocessor === null && !(await looksReadyMade(original, controlType))) {
      const message = `this agent needs a finished ${controlType} picture: no preprocessor is installed`;
      throw new EngineError("INTERNAL", message, { isRetryable: true });
    }
  }
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return client.upload(bytes, `${hash}.${media.format === "PNG" ? "png" : "jpg"}`);
}
