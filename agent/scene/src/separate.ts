/** Moves the wished objects apart sideways, so that none hides another. */
import type { Placement } from "./placement.ts";
import type { Frame } from "./frame.ts";

const ROUNDS = 24;
/** Share of the narrower object's width by which two neighbours may overlap. */
const ALLOWED_OVERLAP = 0.06;
const SIDE_MARGIN = 0.02;
/** Share of the frame's width that a row of objects may fill before all of them shrink. */
const FULLEST_ROW = 0.96;

/** Objects in the sky do not push those on the ground. */
function isSameBand(a: Placement, b: Placement): boolean {
  const overlap = Math.min(a.y + a.height / 2, b.y + b.height / 2) - Math.max(a.y - a.height / 2, b.y - b.height / 2);
  return overlap > 0.12 * Math.min(a.height, b.height);
}

function shrinkAboutFoot(placement: Placement, factor: number): Placement {
  const foot = placement.y + placement.height / 2;
  const height = placement.height * factor;
  return { ...placement, width: placement.width * factor, height, y: foot - height / 2 };
}

export function separate(placements: readonly Placement[], frame: Frame): Placement[] {
  let moved = placements.map((placement) => ({ ...placement }));
  const widestRow = Math.max(
    0,
    ...moved.map((placement) =>
      moved.filter((other) => other === placement || isSameBand(placement, other)).reduce((sum, other) => sum + other.width, 0),
    ),
  );
  const room = frame.width * FULLEST_ROW;
  if (widestRow > room) {
    // Rows of many would become tiny; beyond this they may overlap instead.
    const factor = Math.max(0.5, room / widestRow);
    moved = moved.map((placement) => shrinkAboutFoot(placement, factor));
  }
  moved.sort((a, b) => a.x - b.x || a.slot - b.slot);
  for (let round = 0; round < ROUNDS; round += 1) {
    moved.forEach((left, index) => {
      for (const right of moved.slice(index + 1)) pushApart(left, right);
    });
    for (const placement of moved) keepInside(placement, frame);
  }
  return moved;
}

function pushApart(left: Placement, right: Placement): void {
  if (!isSameBand(left, right)) return;
  const allowed = ALLOWED_OVERLAP * Math.min(left.width, right.width);
  const missing = (left.width + right.width) / 2 - allowed - (right.x - left.x);
  if (missing <= 0) return;
  left.x -= missing / 2;
  right.x += missing / 2;
}

function keepInside(placement: Placement, frame: Frame): void {
  const margin = placement.width / 2 + SIDE_MARGIN * frame.width;
  placement.x = Math.min(Math.max(placement.x, margin), Math.max(margin, frame.width - margin));
}
