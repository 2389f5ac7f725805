/** Keeps the surroundings out of the way: each is moved aside until it hides nothing, or left out. */
import { boxOf, type Placement } from "./placement.ts";
import { coveredShare, type Box, type Frame } from "./frame.ts";

/** Share of either box that may be covered. */
const ALLOWED_OVER_WISHED = 0.08;
const ALLOWED_OVER_DECOR = 0.1;
/** Where else to try, as shifts from the wished x in shares of the frame's width. */
const SHIFTS = [0, 0.08, -0.08, 0.16, -0.16, 0.24, -0.24, 0.34, -0.34, 0.45, -0.45, 0.6, -0.6];

function isInTheWay(box: Box, others: readonly Box[], allowed: number): boolean {
  return others.some((other) => Math.max(coveredShare(box, other), coveredShare(other, box)) > allowed);
}

export function clearView(decor: readonly Placement[], wished: readonly Placement[], frame: Frame): Placement[] {
  const wishedBoxes = wished.map(boxOf);
  const kept: Placement[] = [];
  for (const placement of decor) {
    const keptBoxes = kept.map(boxOf);
    const free = SHIFTS.map((shift) => ({ ...placement, x: placement.x + shift * frame.width })).find((candidate) => {
      if (candidate.x < 0 || candidate.x > frame.width) return false;
      const box = boxOf(candidate);
      return !isInTheWay(box, wishedBoxes, ALLOWED_OVER_WISHED) && !isInTheWay(box, keptBoxes, ALLOWED_OVER_DECOR);
    });
    if (free) kept.push(free);
  }
  return kept;
}
