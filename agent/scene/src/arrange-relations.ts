/** Puts related things where the words say: on, under, left of, in front of, in the hand, on the head. */
import type { Frame } from "./frame.ts";
import type { Placement } from "./placement.ts";
import type { RelationName } from "./vocabulary.ts";

type Arrange = (subject: Placement, target: Placement, frame: Frame) => void;

const HEADWEAR = /hat|crown|cap$|helmet|headphone|ribbon|bow$/;
const EYEWEAR = /glasses|goggles/;
const NECKWEAR = /scarf|necktie|medal|beads/;
const SHELTER = /umbrella|tree|bridge|tent|rainbow|cloud|moon|sun|star/;
const HOLLOW =
  /cup|mug|box|package|basket|bucket|bowl|jar|pot|car|boat|canoe|ship|automobile|bathtub|bus|taxi|truck|beverage|nest|amphora|vase|rocket|locomotive|suitcase|bag|bed|gift/;
/** Share of the lower thing's height, from the top, where something on it stands: a saddle, or a flat top. */
const SADDLE = 0.36;
const LID = 0.1;
const HEAD_SHARE = 0.26;
/** What is above another thing gets at least this share of the height. */
const LEAST_ROOM_ABOVE = 0.36;

/** These leave both things on the ground; the others take the dependent thing out of the row. */
export const KEEPS_THE_ROW: ReadonlySet<RelationName> = new Set(["leftOf", "rightOf", "beside"]);

const SHARES_ITS_PLACE: ReadonlySet<RelationName> = new Set(["on", "inside", "above", "under"]);

function footOf({ y, height }: Placement): number {
  return y + height / 2;
}

function topOf({ y, height }: Placement): number {
  return y - height / 2;
}

/** @param foot frame units from the top. */
function standAt(placement: Placement, x: number, foot: number): void {
  placement.x = x;
  placement.y = foot - placement.height / 2;
}

function resize(placement: Placement, factor: number): void {
  placement.width *= factor;
  placement.height *= factor;
}

function shrinkTo(placement: Placement, width: number, height: number): void {
  resize(placement, Math.min(1, width / placement.width, height / placement.height));
}

/** Fluent draws heads of animals on the left; people and busts have theirs in the middle. */
function headX(wearer: Placement): number {
  const isSideways = wearer.object.concept.kind.startsWith("animal") && wearer.object.role !== "bust" && wearer.width > wearer.height * 0.8;
  if (!isSideways) return wearer.x;
  return wearer.x + (wearer.isMirrored ? 1 : -1) * wearer.width * HEAD_SHARE;
}

const ARRANGE: Record<RelationName, Arrange> = {
  on: (subject, target, frame) => {
    const { kind, art } = target.object.concept;
    const isRidden = kind.startsWith("animal") || /bicycle|motorcycle|scooter|horse|skateboard|surf/.test(art);
    shrinkTo(subject, target.width * (isRidden ? 0.8 : 1), Math.min(frame.height * 0.4, isRidden ? target.height * 0.85 : frame.height));
    const seat = (): number => topOf(target) + target.height * (isRidden ? SADDLE : LID);
    // Both must fit under the upper edge.
    const missing = 0.04 * frame.height - (seat() - subject.height);
    if (missing > 0) {
      const factor = Math.max(0.45, 1 - missing / (subject.height + target.height * (1 - LID)));
      const foot = footOf(target);
      resize(subject, factor);
      resize(target, factor);
      standAt(target, target.x, foot);
    }
    standAt(subject, target.x + (isRidden ? target.width * 0.06 * (target.isMirrored ? -1 : 1) : 0), seat());
    if (isRidden) subject.isMirrored = target.isMirrored;
    subject.depth = target.depth + 0.5;
  },
  under: (subject, target, frame) => {
    const { art } = target.object.concept;
    if (/moon|sun|star|rainbow|cloud/.test(art)) return;
    if (SHELTER.test(art) && target.object.role === "tall") {
      shrinkTo(subject, target.width * 0.7, target.height * 0.42);
      standAt(subject, target.x, footOf(target) + 0.02 * frame.height);
      subject.depth = target.depth + 0.5;
      return;
    }
    const foot = Math.max(footOf(subject), footOf(target));
    const room = foot - 0.05 * frame.height;
    const factor = Math.min(1, room / (subject.height + target.height));
    resize(subject, factor);
    resize(target, factor);
    standAt(subject, target.x, foot);
    standAt(target, target.x, topOf(subject) + target.height * (SHELTER.test(art) ? 0.25 : 0.02));
    subject.depth = target.depth + 0.5;
  },
  above: (subject, target, frame) => {
    const foot = footOf(target);
    const tallest = foot - frame.height * (LEAST_ROOM_ABOVE + 0.04);
    if (target.height > tallest) {
      resize(target, Math.max(0.4, tallest / target.height));
      standAt(target, target.x, foot);
    }
    shrinkTo(subject, frame.width * 0.6, Math.max(0.12 * frame.height, topOf(target) - 0.07 * frame.height));
    standAt(subject, target.x, Math.max(subject.height + 0.03 * frame.height, topOf(target) - 0.03 * frame.height));
    subject.depth = target.depth + 0.5;
  },
  inside: (subject, target, frame) => {
    const { art } = target.object.concept;
    if (target.object.role === "tall") {
      shrinkTo(subject, target.width * 0.4, target.height * 0.28);
      standAt(subject, target.x, topOf(target) + target.height * 0.48);
      subject.depth = target.depth + 0.5;
      return;
    }
    if (!HOLLOW.test(art)) return;
    resize(target, Math.max(1, Math.min(1.35, (frame.width * 0.6) / target.width)));
    shrinkTo(subject, target.width * 0.72, Math.min(target.height * 1.1, frame.height * 0.4));
    standAt(subject, target.x, topOf(target) + Math.min(target.height * 0.4, subject.height * 0.4));
    subject.depth = target.depth - 0.5;
  },
  holding: (holder, held, frame) => {
    const direction = holder.isMirrored ? 1 : -1;
    shrinkTo(held, holder.width * 0.62, holder.height * 0.42);
    const lift = held.object.concept.art.includes("umbrella") ? -0.34 : 0.08;
    held.x = Math.min(
      frame.width - held.width / 2,
      Math.max(held.width / 2, holder.x + direction * (holder.width * 0.34 + held.width * 0.3)),
    );
    held.y = holder.y + holder.height * lift;
    held.depth = holder.depth + 0.5;
  },
  wearing: (wearer, worn) => {
    const { art } = worn.object.concept;
    const isBust = wearer.object.role === "bust";
    const head = isBust ? wearer.width : Math.min(wearer.width, wearer.height * 0.5);
    worn.tilt = 0;
    worn.depth = wearer.depth + 0.5;
    if (HEADWEAR.test(art)) {
      resize(worn, (head * 0.62) / worn.width);
      standAt(worn, headX(wearer), topOf(wearer) + worn.height * 0.28);
    } else if (EYEWEAR.test(art)) {
      resize(worn, (head * 0.62) / worn.width);
      standAt(worn, headX(wearer), topOf(wearer) + wearer.height * (isBust ? 0.5 : 0.24));
    } else if (NECKWEAR.test(art)) {
      resize(worn, (wearer.width * 0.5) / worn.width);
      standAt(worn, headX(wearer), topOf(wearer) + wearer.height * 0.62);
    } else {
      // Clothes lie over the body between the shoulders and the knees.
      resize(worn, Math.min((wearer.width * 0.92) / worn.width, (wearer.height * 0.5) / worn.height));
      standAt(worn, wearer.x, topOf(wearer) + wearer.height * 0.36 + worn.height * 0.9);
    }
  },
  leftOf: (subject, target) => orderSideways(subject, target),
  rightOf: (subject, target) => orderSideways(target, subject),
  beside: (subject, target) => {
    const side = subject.x < target.x ? -1 : 1;
    subject.x = target.x + (side * (subject.width + target.width)) / 2;
  },
  inFrontOf: (subject, target, frame) => {
    shrinkTo(subject, target.width * 0.9, target.height * 0.8);
    standAt(subject, target.x + target.width * 0.22, Math.min(footOf(target) + 0.07 * frame.height, 0.96 * frame.height));
    subject.depth = Math.max(target.depth, footOf(subject)) + 0.5;
  },
  behind: (subject, target, frame) => {
    if (subject.height < target.height * 1.1) resize(subject, Math.min(1.5, (target.height * 1.1) / subject.height));
    standAt(subject, target.x + target.width * 0.42, footOf(target) - 0.05 * frame.height);
    subject.depth = target.depth - 0.5;
  },
};

function orderSideways(left: Placement, right: Placement): void {
  if (left.x > right.x) [left.x, right.x] = [right.x, left.x];
  if (right.x - left.x < 1) [left.x, right.x] = [left.x - 1, right.x + 1];
}

/** "holding" and "wearing" move the second thing, every other relation the first. */
export function dependentOf(name: RelationName, subject: Placement, target: Placement): Placement {
  return name === "holding" || name === "wearing" ? target : subject;
}

export interface RelatedPair {
  name: RelationName;
  subject: Placement;
  target: Placement;
}

export function relatedPairs(placements: readonly Placement[]): RelatedPair[] {
  return placements.flatMap((subject) => {
    const { relation } = subject.object;
    const target = placements.find(({ slot }) => slot === relation?.slot);
    if (!relation || !target || target === subject) return [];
    return [{ name: relation.name, subject, target }];
  });
}

export function arrange({ name, subject, target }: RelatedPair, frame: Frame): void {
  ARRANGE[name](subject, target, frame);
}

/** Several things on one: side by side instead of in one place. */
export function arrangeAll(pairs: readonly RelatedPair[], frame: Frame): void {
  for (const pair of pairs) arrange(pair, frame);
  for (const pair of pairs) {
    const siblings = pairs.filter(({ name, target }) => name === pair.name && target === pair.target);
    if (siblings.length < 2 || !SHARES_ITS_PLACE.has(pair.name)) continue;
    const room = Math.max(pair.target.width * 0.8, pair.subject.width * 0.6 * siblings.length);
    if (pair.name !== "under") shrinkAboutFoot(pair.subject, Math.min(1, ((room / siblings.length) * 1.3) / pair.subject.width));
    pair.subject.x = pair.target.x + ((siblings.indexOf(pair) + 0.5) / siblings.length - 0.5) * room;
  }
}

function shrinkAboutFoot(placement: Placement, factor: number): void {
  const foot = footOf(placement);
  resize(placement, factor);
  standAt(placement, placement.x, foot);
}
