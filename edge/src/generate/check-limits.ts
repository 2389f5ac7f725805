import type { ModelLimits } from "@star-graph/shared/model-limits";
import type { LocalText } from "@star-graph/shared/text";
import { fieldError } from "../http/field-error.ts";

/** What of a request a model can be too small for. */
export interface AskedFor {
  width?: number;
  height?: number;
  steps?: number;
  batchSize?: number;
  duration?: number;
  fps?: number;
}

/**
 * Holds a request against what its model can do.
 * @throws {AppError} `BAD_REQUEST` naming the first field that does not fit.
 */
export function checkLimits(limits: ModelLimits, asked: AskedFor): void {
  const multiple = limits.sizeMultiple;
  for (const side of ["width", "height"] as const) {
    const pixels = asked[side];
    if (pixels !== undefined && multiple !== undefined && pixels % multiple !== 0) {
      throw refuse(side, { zh: `该模型要求为 ${multiple} 的倍数`, en: `this model needs a multiple of ${multiple}` });
    }
  }
  if (asked.width !== undefined && asked.height !== undefined) checkPixels(limits, asked.width * asked.height, "width");
  atMost("steps", asked.steps, limits.maxSteps);
  atMost("batchSize", asked.batchSize, limits.maxBatchSize);
  atMost("duration", asked.duration, limits.maxDuration);
  atMost("fps", asked.fps, limits.maxFps);
}

/** @throws {AppError} `BAD_REQUEST` naming the field that makes the result so large. */
export function checkPixels({ maxPixels }: ModelLimits, pixels: number, field: string): void {
  if (maxPixels === undefined || pixels <= maxPixels) return;
  throw refuse(field, {
    zh: `结果为 ${pixels} 像素，该模型最多 ${maxPixels}`,
    en: `the result has ${pixels} pixels, this model makes at most ${maxPixels}`,
  });
}

function atMost(field: string, value: number | undefined, most: number | undefined): void {
  if (value === undefined || most === undefined || value <= most) return;
  throw refuse(field, { zh: `该模型最多 ${most}`, en: `this model takes at most ${most}` });
}

const refuse = (field: string, why: LocalText) => fieldError("BAD_REQUEST", field, why);
