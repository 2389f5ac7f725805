import { z } from "zod";
import { BOUNDS, SIZE_MULTIPLE } from "./rest/generate.ts";

/** What an operator narrows for one model; what is left out is as the API's own bounds say. They never widen those. */
export const ModelLimits = z.object({
  sizeMultiple: z.int().min(SIZE_MULTIPLE).max(256).multipleOf(SIZE_MULTIPLE).optional().describe("width and height are multiples of it"),
  maxPixels: z.int().min(1).optional().describe("width × height of one picture or frame as it comes out"),
  maxSteps: z.int().min(BOUNDS.steps.min).max(BOUNDS.steps.max).optional(),
  defaultSteps: z.int().min(BOUNDS.steps.min).max(BOUNDS.steps.max).optional().describe("when a request names none"),
  maxBatchSize: z.int().min(BOUNDS.batchSize.min).max(BOUNDS.batchSize.max).optional(),
  maxDuration: z.int().min(BOUNDS.durationSeconds.min).max(BOUNDS.durationSeconds.max).optional().describe("seconds"),
  maxFps: z.int().min(BOUNDS.fps.min).max(BOUNDS.fps.max).optional(),
});
export type ModelLimits = z.infer<typeof ModelLimits>;
