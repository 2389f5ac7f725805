/** How high an object is in the picture: on the ground, in the air, in the water, or rising from the lower edge. */
import type { Frame } from "./frame.ts";
import { clamp, type SlotLayout } from "./layout.ts";
import { hasNoHorizon, type GroundName, type Place } from "./places.ts";
import type { PlannedObject } from "./plan.ts";

const LOWEST_FOOT = 0.93;
const SKY_DEPTH = -1e6;
const FRONT_DEPTH = 1e6;
/** A beach shows this much of the height as water under the horizon. */
export const BEACH_WATER_SHARE = 0.16;
/** The grass bank in front of a lake starts here. */
export const LAKE_BANK_TOP = 0.84;
const STUDIO_FLOOR = 0.72;

/** Where objects are put. */
export interface Stage {
  place: Place;
  frame: Frame;
  /** Frame units from the top. */
  horizon: number;
}

/** Where the object's centre is, from top to bottom, and how near it is. */
export function elevationOf(
  object: PlannedObject,
  wished: SlotLayout,
  height: number,
  { place, frame, horizon }: Stage,
): { y: number; depth: number } {
  const { ground } = place;
  const standing = (foot: number): { y: number; depth: number } => ({ y: foot - height / 2, depth: foot });
  const floating = (y: number, depth: number): { y: number; depth: number } => {
    const margin = height / 2 + 0.03 * frame.height;
    return { y: clamp(y, margin, Math.max(margin, frame.height - margin)), depth };
  };
  const foot = (wished.y + wished.size / 2) * frame.height;

  if (object.role === "bust") return { y: frame.height * 1.015 - height / 2, depth: FRONT_DEPTH };
  if (ground === "none") return standing(frame.height * (STUDIO_FLOOR + (wished.y - 0.5) * 0.3) + height * 0.08);
  if (object.role === "sky") {
    const band = hasNoHorizon(place) ? frame.height : horizon * 0.82;
    return floating(Math.min(wished.y * frame.height * 0.72, band - height / 2), SKY_DEPTH);
  }
  if (ground === "seabed" && object.role === "plant") return standing(frame.height * (0.95 + 0.04 * wished.x));
  if (hasNoHorizon(place)) return floating(wished.y * frame.height, wished.y * frame.height);
  if (object.role === "float") return floating(Math.min(wished.y * frame.height, horizon * 0.95), SKY_DEPTH / 2);
  if (object.role === "water") {
    if (ground === "beach") {
      const reach = BEACH_WATER_SHARE * frame.height;
      return standing(horizon + reach * clamp(0.35 + wished.y * 0.4, 0.3, 0.75));
    }
    const lowest = ground === "lake" ? LAKE_BANK_TOP - 0.04 : 0.88;
    return standing(clamp(foot, horizon + 0.06 * frame.height, lowest * frame.height));
  }
  const firstGround = ground === "lake" ? LAKE_BANK_TOP + 0.05 : horizon / frame.height + groundMargin(ground);
  return standing(clamp(foot, Math.min(0.9, firstGround) * frame.height, LOWEST_FOOT * frame.height));
}

/** Share of the height under the horizon where nothing can stand yet. */
function groundMargin(ground: GroundName): number {
  if (ground === "beach") return BEACH_WATER_SHARE + 0.06;
  return ground === "street" ? 0.1 : 0.05;
}
