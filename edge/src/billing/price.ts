import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";
import { workOf } from "@star-graph/shared/work";

/**
 * The work that a model's price is for: the document's 1024×1024 picture of 30 steps costs 10 (spec 5.1), its 512×512 video
 * of 32 frames and 25 steps 30 (spec 6.1).
 */
const PICTURE_WORK = 1024 * 1024 * 30;
const VIDEO_WORK = 512 * 512 * 32 * 25;

const REFERENCE_WORK: Record<TaskType, number> = {
  TEXT2IMG: PICTURE_WORK,
  IMG2IMG: PICTURE_WORK,
  UPSCALE: PICTURE_WORK,
  POSE: PICTURE_WORK,
  TEXT2VIDEO: VIDEO_WORK,
  IMG2VIDEO: VIDEO_WORK,
};

/** Credits for a task: the model's price scaled by pixels, steps and pictures or frames; never less than 1 unless the model is free. */
export function priceOf(modelPriceCredits: number, task: EngineTask): number {
  if (modelPriceCredits === 0) return 0;
  return Math.max(1, Math.ceil((modelPriceCredits * workOf(task).work) / REFERENCE_WORK[task.type]));
}
