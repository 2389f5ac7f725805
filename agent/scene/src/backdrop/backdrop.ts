/** Picks the painter for the ground of a place. */
import type { GroundName } from "../places.ts";
import { paintRoom, paintStreet, paintStudio, paintTable } from "./built.ts";
import { paintDunes, paintForest, paintMeadow, paintMountains, paintSnow } from "./land.ts";
import type { Scenery } from "./scenery.ts";
import { paintCloudSea } from "./sky.ts";
import { paintSpace } from "./space.ts";
import { paintBeach, paintLake, paintSea, paintUnderwater } from "./water.ts";

const PAINTERS: Record<GroundName, (scenery: Scenery) => void> = {
  none: paintStudio,
  meadow: paintMeadow,
  forest: paintForest,
  beach: paintBeach,
  water: paintSea,
  lake: paintLake,
  seabed: paintUnderwater,
  space: paintSpace,
  sky: paintCloudSea,
  snow: paintSnow,
  dunes: paintDunes,
  street: paintStreet,
  floor: paintRoom,
  table: paintTable,
  mountains: paintMountains,
};

export function paintBackdrop(scenery: Scenery): void {
  PAINTERS[scenery.plan.place.ground](scenery);
}
