/** What every backdrop painter gets. Painters append to `svg` from back to front and decide nothing else. */
import type { Composition } from "../compose.ts";
import type { Light } from "../light.ts";
import type { Plan } from "../plan.ts";
import { randomFor, type Random } from "../random.ts";
import type { SvgCanvas } from "../svg-canvas.ts";

export interface Scenery {
  svg: SvgCanvas;
  plan: Plan;
  composition: Composition;
  light: Light;
  seed: number;
  /** False when the clouds are a layer of their own. */
  hasClouds?: boolean;
}

/** One stream per painter and purpose, so that steps of one picture share their clouds and hills. */
export function randomOf(scenery: Scenery, purpose: string): Random {
  return randomFor(scenery.seed, `backdrop ${purpose}`);
}
