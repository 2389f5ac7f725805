/** Adds what a place has besides its ground: houses, rows of wheat, an aurora. Painted before the things. */
import type { Scenery } from "../scenery.ts";
import { INDOOR_FEATURES } from "./indoor.ts";
import { LAND_FEATURES } from "./land.ts";
import { TOWN_FEATURES } from "./town.ts";
import { WATER_FEATURES } from "./water.ts";

type FeaturePainter = (scenery: Scenery) => void;

const PAINTERS: ReadonlyMap<string, FeaturePainter> = new Map(
  Object.entries({ ...LAND_FEATURES, ...TOWN_FEATURES, ...WATER_FEATURES, ...INDOOR_FEATURES }),
);

export function isFeature(name: string): boolean {
  return PAINTERS.has(name);
}

export function paintFeatures(scenery: Scenery): void {
  for (const name of scenery.plan.place.features ?? []) PAINTERS.get(name)?.(scenery);
}
