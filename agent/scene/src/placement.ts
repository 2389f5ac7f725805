/** One drawing with its box in the frame. */
import type { Drawing } from "./art-book.ts";
import type { Box } from "./frame.ts";
import type { PlannedObject } from "./plan.ts";

export interface Placement {
  object: PlannedObject;
  drawing: Drawing;
  /** Centre and size of the visible ink, in frame units. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Degrees. */
  tilt: number;
  isMirrored: boolean;
  /** Smaller is farther away and drawn earlier. */
  depth: number;
  slot: number;
}

export function boxOf(placement: Placement): Box {
  return {
    left: placement.x - placement.width / 2,
    right: placement.x + placement.width / 2,
    top: placement.y - placement.height / 2,
    bottom: placement.y + placement.height / 2,
  };
}
