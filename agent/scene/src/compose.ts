/**
 * Layout fractions -> boxes in the frame. The model was trained on squares with full 32 x 32 drawings; here
 * its wishes meet the real ink of each drawing, the real aspect ratio, the ground and the other objects.
 */
import { cutAt, type ArtBook, type Drawing } from "./art-book.ts";
import { clearView } from "./clear-view.ts";
import { behaviourOf } from "./concept-book.ts";
import { SHORT_SIDE, type Frame } from "./frame.ts";
import { clamp, type Layout, type SlotLayout } from "./layout.ts";
import { elevationOf, type Stage } from "./elevation.ts";
import type { Placement } from "./placement.ts";
import type { Plan, PlannedObject } from "./plan.ts";
import { randomFor } from "./random.ts";
import { separate } from "./separate.ts";

export interface Composition {
  frame: Frame;
  /** Frame units from the top. */
  horizon: number;
  layout: Layout;
  /** Back to front. */
  placements: Placement[];
}

/** How much of a longer side goes into larger objects; 0 would keep them at the size for the short side. */
const GROWTH_WITH_LONG_SIDE = 0.3;
/** The wished objects keep together in a panorama: at most this many heights apart. */
const WIDEST_GROUP_IN_HEIGHTS = 1.45;
const TALLEST_SHARE = { main: 0.62, bust: 0.72, tall: 0.74, decor: 0.42 } as const;
const WIDEST_SHARE = 0.8;
const TABLE_HORIZON = 0.6;
const SMALL_FACTOR = 0.6;
const CELESTIAL_FACTOR = 0.8;
/** Nothing else is in a still life, so its objects may fill it. */
const STILL_LIFE_FACTOR = 1.3;
const TILT_LIMITS = { ground: 2, tall: 0, plant: 4, small: 8, bust: 0, thing: 5, water: 4, float: 16, sky: 8 };
const CELESTIAL = /moon|^sun|star|planet/;
const FACES_A_SIDE = /^(animal|transport|person-sport|person-activity)/;

function inkSize(drawing: Drawing): { width: number; height: number } {
  const [left, top, right, bottom] = drawing.bounds;
  return { width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

function tallestShare({ isMain, role }: PlannedObject): number {
  if (!isMain) return TALLEST_SHARE.decor;
  return role === "bust" || role === "tall" ? TALLEST_SHARE[role] : TALLEST_SHARE.main;
}

function sizeInFrame(object: PlannedObject, drawing: Drawing, wished: SlotLayout, { place, frame }: Stage) {
  const longSide = Math.max(frame.width, frame.height);
  const unit = SHORT_SIDE * (longSide / SHORT_SIDE) ** GROWTH_WITH_LONG_SIDE;
  const ink = inkSize(drawing);
  // The drawing's longer side, rather than its mostly empty box, gets the size that the model wished for.
  let side = wished.size * unit * object.sizeFactor * 0.94;
  if (object.role === "small") side *= SMALL_FACTOR;
  if (place.ground === "none" || place.ground === "table") side *= STILL_LIFE_FACTOR;
  if (CELESTIAL.test(object.concept.art)) side *= CELESTIAL_FACTOR;
  const scale = side / Math.max(ink.width, ink.height);
  const tallest = tallestShare(object);
  const fit = Math.min(1, (tallest * frame.height) / (ink.height * scale), (WIDEST_SHARE * frame.width) / (ink.width * scale));
  return { width: ink.width * scale * fit, height: ink.height * scale * fit };
}

function placeOne(
  object: PlannedObject,
  drawing: Drawing,
  wished: SlotLayout,
  stage: Stage,
): Pick<Placement, "x" | "y" | "width" | "height" | "tilt" | "depth"> {
  const { frame } = stage;
  const { width, height } = sizeInFrame(object, drawing, wished, stage);
  const groupWidth = object.isMain ? Math.min(frame.width, WIDEST_GROUP_IN_HEIGHTS * frame.height) : frame.width;
  const wantedX = frame.width / 2 + (wished.x - 0.5) * groupWidth;
  // Surroundings may leave the frame by a third; what was asked for may not.
  const margin = object.isWished ? width / 2 + 0.02 * frame.width : width / 6;
  const limit = TILT_LIMITS[object.role];
  return {
    width,
    height,
    x: clamp(wantedX, Math.min(margin, frame.width / 2), Math.max(frame.width - margin, frame.width / 2)),
    tilt: CELESTIAL.test(object.concept.art) ? 0 : clamp(wished.tilt, -limit, limit),
    ...elevationOf(object, wished, height, stage),
  };
}

function drawingFor({ concept, role }: PlannedObject, plan: Plan, art: ArtBook): Drawing | undefined {
  const drawing = art.find(plan.style, concept.art) ?? art.find("flat", concept.art);
  const { waterline } = behaviourOf(concept);
  if (!drawing || waterline === undefined || role !== "water") return drawing;
  return cutAt(drawing, waterline);
}

/** Companions look at each other instead of marching off in one direction. */
function faceEachOther(placements: Placement[], frame: Frame): void {
  const faced = placements.filter(({ object }) => FACES_A_SIDE.test(object.concept.kind));
  if (faced.length < 2) return;
  // Fluent draws animals and vehicles looking to the left.
  for (const placement of faced) placement.isMirrored = placement.x < frame.width / 2;
}

export function compose(plan: Plan, layout: Layout, frame: Frame, seed: number, art: ArtBook): Composition {
  const random = randomFor(seed, "mirror");
  const horizonShare = plan.place.ground === "table" ? TABLE_HORIZON : layout.horizon;
  const horizon = horizonShare * frame.height;
  const stage: Stage = { place: plan.place, frame, horizon };
  const placements: Placement[] = [];
  plan.slots.forEach((object, slot) => {
    const wantsMirror = random.next() < 0.5;
    const wished = layout.slots[slot];
    const drawing = object && drawingFor(object, plan, art);
    if (!object || !drawing || !wished) return;
    const isMirrored = wantsMirror && FACES_A_SIDE.test(object.concept.kind);
    placements.push({ object, drawing, slot, isMirrored, ...placeOne(object, drawing, wished, stage) });
  });
  const wished = separate(
    placements.filter(({ object }) => object.isWished),
    frame,
  );
  faceEachOther(wished, frame);
  const decor = clearView(
    placements.filter(({ object }) => !object.isWished),
    wished,
    frame,
  );
  const ordered = [...wished, ...decor].toSorted((a, b) => a.depth - b.depth || a.slot - b.slot);
  return { frame, horizon, layout, placements: ordered };
}
