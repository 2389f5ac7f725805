/**
 * Layout fractions -> boxes in the frame. The model was trained on squares with full 32 x 32 drawings; here
 * its wishes meet the real ink of each drawing, the real aspect ratio, the ground and the other objects.
 */
import { cutAt, type ArtBook, type Drawing } from "./art-book.ts";
import { arrange, arrangeAll, dependentOf, KEEPS_THE_ROW, relatedPairs } from "./arrange-relations.ts";
import { clearView } from "./clear-view.ts";
import { behaviourOf } from "./concept-book.ts";
import { SHORT_SIDE, type Frame } from "./frame.ts";
import { clamp, type Layout, type SlotLayout } from "./layout.ts";
import { elevationOf, type Stage } from "./elevation.ts";
import type { Placement } from "./placement.ts";
import type { Plan, PlannedObject } from "./plan.ts";
import { artStyleOf } from "./styles/styles.ts";
import { hasNoHorizon } from "./places.ts";
import { randomFor, type Random } from "./random.ts";
import type { ActionName } from "./vocabulary.ts";
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
const UNSTRETCHED = { stretchX: 1, stretchY: 1 };
const STRETCHES: Record<string, { stretchX: number; stretchY: number }> = {
  fat: { stretchX: 1.28, stretchY: 0.92 },
  thin: { stretchX: 0.72, stretchY: 1.06 },
  long: { stretchX: 0.9, stretchY: 1.3 },
};
/** Degrees that a drawing looking to the left leans when it does this. */
const LEANS: Partial<Record<ActionName, number>> = { running: -9, jumping: -14, dancing: 13, flying: -6, swimming: -4 };
const JUMP_SHARE = 0.3;
/** Share by which sizes and places of one seed differ from another's. */
const VARIETY = 0.3;
const STANDS: ReadonlySet<string> = new Set(["ground", "tall", "plant", "small", "thing"]);
/** Otherwise each looks where its own seed has it look. */
const FACE_EACH_OTHER_SHARE = 0.7;
/** A drawing may be this much wider than its region, so that a thin skeleton does not make a tiny figure. */
const REGION_OVERFLOW = 1.5;
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
  if (!object.isWished && object.concept.kind === "animal-bug") side *= SMALL_FACTOR;
  if (place.ground === "none" || place.ground === "table") side *= STILL_LIFE_FACTOR;
  if (CELESTIAL.test(object.concept.art)) side *= CELESTIAL_FACTOR;
  const scale = side / Math.max(ink.width, ink.height);
  const tallest = tallestShare(object);
  const { stretchX, stretchY } = STRETCHES[object.look ?? "none"] ?? UNSTRETCHED;
  const fit = Math.min(1, (tallest * frame.height) / (ink.height * scale), (WIDEST_SHARE * frame.width) / (ink.width * scale));
  return { width: ink.width * scale * fit * stretchX, height: ink.height * scale * fit * stretchY };
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
  const drawing = art.find(artStyleOf(plan.style), concept.art) ?? art.find("flat", concept.art);
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

/** One thing with all others on it or in it needs no room at its side. */
function keepCentral(placements: readonly Placement[], frame: Frame): void {
  for (const placement of placements) placement.x = frame.width / 2 + (placement.x - frame.width / 2) * 0.3;
}

/** Nearer or farther, to one side, one before the other: what the small layout model does too little of. */
function vary(placements: readonly Placement[], variety: number, { frame, place }: Stage, random: Random): void {
  const spread = variety * VARIETY;
  // Neighbours were moved apart for the sizes they have; growing would push them into each other.
  const growth = placements.length > 1 ? 0 : 0.4;
  const shared = 1 + random.between(-1.2, growth) * spread;
  const group = random.between(-0.5, 0.5) * spread * frame.width;
  for (const placement of placements) {
    const factor = shared * (1 + random.between(-0.5, growth) * spread);
    const lift = random.between(-0.25, 0.2) * spread * (frame.height * 0.5);
    const foot = placement.y + placement.height / 2;
    placement.width *= factor;
    placement.height *= factor;
    const isStanding = STANDS.has(placement.object.role) && place.ground !== "none" && !hasNoHorizon(place);
    const lowest = 0.96 * frame.height;
    if (placement.object.role === "bust") placement.y = frame.height * 1.015 - placement.height / 2;
    else if (isStanding) {
      placement.y = clamp(foot + lift * factor, Math.min(foot, lowest), lowest) - placement.height / 2;
      placement.depth = placement.y + placement.height / 2;
    }
    const margin = Math.min(frame.width / 2, placement.width / 2 + 0.01 * frame.width);
    placement.x = clamp(placement.x + group, margin, frame.width - margin);
  }
}

/** Fills the region that a hint gave, without stretching the drawing. */
function moveToRegion(placement: Placement, frame: Frame): void {
  const { region } = placement.object;
  if (!region) return;
  const { weight } = region;
  const towards = (from: number, to: number): number => from + (to - from) * weight;
  const scale = Math.min(
    (region.width * frame.width * REGION_OVERFLOW) / placement.width,
    (region.height * frame.height) / placement.height,
  );
  placement.width *= towards(1, scale);
  placement.height *= towards(1, scale);
  const margin = Math.min(frame.width, placement.width) / 2;
  placement.x = clamp(towards(placement.x, region.x * frame.width), margin, frame.width - margin);
  placement.y = towards(placement.y, region.y * frame.height);
  placement.tilt = towards(placement.tilt, region.tilt);
  placement.depth = towards(placement.depth, (region.y + region.height / 2) * frame.height);
}

/** A runner leans into its way, a jumper leaves the ground. */
function act(placements: readonly Placement[], frame: Frame): void {
  for (const placement of placements) {
    const { action, look, role } = placement.object;
    const lean = role === "bust" && action !== "dancing" ? 0 : (LEANS[action ?? "floating"] ?? 0);
    if (lean !== 0) placement.tilt = placement.isMirrored ? -lean : lean;
    if (action === "jumping")
      placement.y -= Math.min(JUMP_SHARE * placement.height, Math.max(0, placement.y - placement.height / 2 - 0.03 * frame.height));
    if (look === "upsideDown") placement.tilt = 180;
  }
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
  const asked = placements.filter(({ object }) => object.isWished);
  const pairs = relatedPairs(asked);
  for (const pair of pairs) if (KEEPS_THE_ROW.has(pair.name)) arrange(pair, frame);
  const dependents = new Set(
    pairs.filter(({ name }) => !KEEPS_THE_ROW.has(name)).map(({ name, subject, target }) => dependentOf(name, subject, target).slot),
  );
  const row = separate(
    asked.filter(({ slot }) => !dependents.has(slot)),
    frame,
  );
  const wished = [...row, ...asked.filter(({ slot }) => dependents.has(slot))];
  // Their placements are copies now, so the pairs are looked up again.
  const offRow = relatedPairs(wished).filter(({ name }) => !KEEPS_THE_ROW.has(name));
  if (row.length === 1 && dependents.size > 0) keepCentral(row, frame);
  vary(row, plan.variety, stage, randomFor(seed, "variety"));
  if (randomFor(seed, "facing").next() < FACE_EACH_OTHER_SHARE) faceEachOther(wished, frame);
  act(wished, frame);
  for (const placement of wished) moveToRegion(placement, frame);
  arrangeAll(offRow, frame);
  const decor = clearView(
    placements.filter(({ object }) => !object.isWished),
    wished,
    frame,
  );
  const ordered = [...wished, ...decor].toSorted((a, b) => a.depth - b.depth || a.slot - b.slot);
  return { frame, horizon, layout, placements: ordered };
}
