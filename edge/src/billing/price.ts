import type { Text2ImgParameters } from "@star-graph/shared/rest/generate";

/** The work that a model's price is for: the document's 1024×1024 picture of 30 steps costs 10 (spec 5.1). */
const REFERENCE_PIXELS = 1024 * 1024;
const REFERENCE_STEPS = 30;

/** Credits for a TEXT2IMG task: the model's price scaled by pixels, steps and pictures; never less than 1 unless the model is free. */
export function priceText2Img(modelPriceCredits: number, parameters: Text2ImgParameters): number {
  if (modelPriceCredits === 0) return 0;
  const pixels = (parameters.width * parameters.height) / REFERENCE_PIXELS;
  const steps = parameters.steps / REFERENCE_STEPS;
  return Math.max(1, Math.ceil(modelPriceCredits * pixels * steps * parameters.batchSize));
}
