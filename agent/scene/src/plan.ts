/** Wish + seed -> which drawing sits in which slot of the layout model, in which place. */
import type { Concept } from "./assets.ts";
import { behaviourOf, type ConceptBook, type Role } from "./concept-book.ts";
import { hasNoHorizon, hasWater, isIndoors, placeCalled, PLACES, type Place } from "./places.ts";
import { hashText, randomFor, type Random } from "./random.ts";
import type { ActionName, ColorName, LookName, RelationName, StyleName, TimeName, WeatherName } from "./vocabulary.ts";
import type { Wish, WishedObject } from "./wish.ts";

/** Slot 0 of the model is the scene itself; 1..4 are what was asked for, 5..10 surroundings. */
export const SLOT_COUNT = 11;
const FIRST_MAIN_SLOT = 1;
const MAIN_SLOT_COUNT = 4;
const FIRST_DECOR_SLOT = FIRST_MAIN_SLOT + MAIN_SLOT_COUNT;
const FEWEST_DECOR = 3;
const MOST_SAME_DECOR = 2;
const STUDIO = "studio";
/** Number of usual skies by day (light.ts). */
const SKY_COUNT = 4;
const ASTRONAUT_CODE = "1f9d1-200d-1f680";
const HAS_A_BASE: ReadonlySet<RelationName> = new Set(["on", "inside", "under", "above"]);
/** What a season does to a place that is not itself about the season. */
const SEASONS: Record<string, Pick<Place, "colors" | "trees">> = {
  snow: { colors: ["#ffffff", "#c6dcf0"], trees: ["#bcd6ea", "#8fb4d2", "#6b96b8"] },
  autumn: { colors: ["#d9a94e", "#8a5f2a"], trees: ["#d98a3a", "#c9682a", "#a8481f"] },
};
const GROUNDS_WITH_SEASONS = new Set(["meadow", "forest", "mountains"]);

export interface PlannedObject {
  concept: Concept;
  role: Role;
  /** Asked for by the prompt; false for surroundings. */
  isWished: boolean;
  /** Drawn in a main slot; further copies of a wished object borrow decor slots. */
  isMain: boolean;
  color?: ColorName;
  /** Times the size that the layout gives. */
  sizeFactor: number;
  action?: ActionName;
  look?: LookName;
  /** `slot` holds the other thing. */
  relation?: { name: RelationName; slot: number };
  /** Where a hint wants it. */
  region?: Region;
}

/** A box in fractions of the picture. */
export interface Region {
  /** Centre. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Degrees, clockwise. */
  tilt: number;
  /** 0 ignores the region, 1 fills it exactly. */
  weight: number;
}

export interface Plan {
  place: Place;
  time: TimeName;
  weather?: WeatherName;
  background?: ColorName;
  style: StyleName;
  /** Which of the usual skies by day. */
  sky: number;
  /** How far pictures of other seeds differ from each other; 1 is usual. */
  variety: number;
  /** One entry per model slot; null is an empty slot. */
  slots: (PlannedObject | null)[];
}

const SIZE_FACTORS = { big: 1.35, small: 0.6 } as const;
const NIGHT_LIGHTS = new Set(["star", "glowing-star", "shooting-star", "comet", "fireworks", "milky-way"]);

function isMoon(art: string): boolean {
  return art.includes("moon") && !art.includes("cake") && !art.includes("ceremony");
}

function inferTime(wish: Wish, place: Place, wished: readonly Concept[]): TimeName {
  if (wish.time) return wish.time;
  if (wish.style === "neon") return "neon";
  if (place.hour) return place.hour;
  if (wish.weather === "stars") return "night";
  return wished.some(({ art }) => isMoon(art) || NIGHT_LIGHTS.has(art)) ? "night" : "day";
}

/** The last named place, unless another named one says the same more exactly. */
function choosePlace(named: readonly string[]): string | undefined {
  const last = named.at(-1);
  if (last === undefined) return undefined;
  return named.find((id) => placeCalled(id).refines?.includes(last)) ?? last;
}

interface WishedConcept {
  object: WishedObject;
  concept: Concept;
}

function inferPlace(wish: Wish, wished: readonly WishedConcept[], prompt: string): Place {
  const named = choosePlace(wish.places);
  if (named !== undefined) return placeCalled(named === "sea" && needsShore(wished) ? "beach" : named);
  if (wish.background) return placeCalled(STUDIO);
  if (wish.weather === "petals") return placeCalled("spring");
  if (wished.length > 0) {
    // A whale beside the moon belongs in the sea: the sky is over every place.
    // A bicycle on a boat is where the boat is.
    const lower = new Set(wished.flatMap(({ object }) => (HAS_A_BASE.has(object.relation?.name ?? "beside") ? [object.relation?.to] : [])));
    const basesFirst = wished.toSorted((a, b) => Number(lower.has(b.object.id)) - Number(lower.has(a.object.id)));
    const behaviours = basesFirst.map(({ concept }) => behaviourOf(concept));
    const onEarth = behaviours.filter(({ role }) => role !== "sky" && role !== "float");
    // A princess is at home anywhere, her castle is not.
    const particular = onEarth.find(({ habitat }) => habitat !== STUDIO);
    const home = (particular ?? onEarth[0] ?? behaviours[0])?.habitat ?? STUDIO;
    const needsOutdoors = wish.time !== undefined || wish.weather !== undefined;
    return placeCalled(home === STUDIO && needsOutdoors ? "meadow" : home);
  }
  if (wish.time === "neon") return placeCalled("city");
  if (wish.weather === "snowfall") return placeCalled("snow");
  if (wish.time || wish.weather) return placeCalled("mountains");
  // Nothing known was asked for: a landscape that depends on the words, rather than an empty picture.
  const landscapes = [...PLACES.keys()].filter((id) => !["studio", "table", "room"].includes(id));
  return placeCalled(landscapes[hashText(prompt) % landscapes.length] ?? "mountains");
}

/** Whether something walks and nothing swims, so that open sea would have it walk on water. */
function needsShore(wished: readonly WishedConcept[]): boolean {
  const roles = wished.filter(({ object }) => object.action === undefined).map(({ concept }) => behaviourOf(concept).role);
  return roles.some((role) => role === "ground" || role === "tall") && !roles.includes("water");
}

function inSeason(place: Place, named: readonly string[]): Place {
  const season = named.find((id) => id in SEASONS && id !== place.id);
  if (season === undefined || !GROUNDS_WITH_SEASONS.has(place.ground)) return place;
  return { ...place, ...SEASONS[season], flowers: [] };
}

function roleIn(place: Place, role: Role, object: WishedObject): Role {
  if (object.action === "flying" && role !== "bust") return "sky";
  if (object.action === "swimming" && hasWater(place)) return "water";
  if (place.ground === "seabed") return role === "plant" || role === "bust" ? role : "water";
  if (place.ground === "none") return role === "bust" ? "bust" : "thing";
  // Drawn without legs: it floats in space and rises from the lower edge elsewhere.
  if (role === "float" && object.code === ASTRONAUT_CODE && !hasNoHorizon(place)) return "bust";
  if (hasNoHorizon(place)) return role === "sky" ? "sky" : "float";
  if (object.action === "floating" && role !== "bust" && !hasWater(place)) return "float";
  if (role === "water" && !hasWater(place)) return "ground";
  return role;
}

function plannedCopies(object: WishedObject, concept: Concept, place: Place): PlannedObject[] {
  const planned: PlannedObject = {
    concept,
    role: roleIn(place, behaviourOf(concept).role, object),
    isWished: true,
    isMain: true,
    sizeFactor: object.size ? SIZE_FACTORS[object.size] : 1,
  };
  if (object.color) planned.color = object.color;
  if (object.action) planned.action = object.action;
  if (object.look) planned.look = object.look;
  return Array.from({ length: object.count }, () => ({ ...planned }));
}

/** Each wished thing gets a place before any gets its second, so "ten cats and a dog" shows the dog. */
function shareSlots(groups: PlannedObject[][], slotCount: number): PlannedObject[][] {
  const shared: PlannedObject[][] = groups.map(() => []);
  let left = slotCount;
  for (let round = 0; left > 0 && groups.some((group) => group.length > round); round += 1) {
    groups.forEach((group, index) => {
      const object = group[round];
      if (!object || left === 0) return;
      shared[index]?.push(object);
      left -= 1;
    });
  }
  return shared;
}

/** Ids of the wish -> slots of the plan. Copies keep to copies: the second cat sits on the second box. */
function relateSlots(objects: readonly WishedObject[], shared: readonly PlannedObject[][]): void {
  const firstSlot = new Map<number, number>();
  let slot = FIRST_MAIN_SLOT;
  objects.forEach(({ id }, index) => {
    firstSlot.set(id, slot);
    slot += shared[index]?.length ?? 0;
  });
  objects.forEach(({ relation }, index) => {
    const targetIndex = objects.findIndex(({ id }) => id === relation?.to);
    const [first, copies] = [firstSlot.get(relation?.to ?? -1), shared[targetIndex]?.length ?? 0];
    if (!relation || first === undefined || copies === 0) return;
    shared[index]?.forEach((object, copy) => {
      object.relation = { name: relation.name, slot: first + (copy % copies) };
    });
  });
}

function chooseDecor(place: Place, count: number, avoid: ReadonlySet<string>, book: ConceptBook, random: Random): PlannedObject[] {
  const chosen: PlannedObject[] = [];
  const candidates = place.decor.filter((art) => !avoid.has(art));
  for (let attempt = 0; attempt < count * 3 && chosen.length < count; attempt += 1) {
    const concept = book.byArt(random.pick(candidates) ?? "");
    if (!concept) continue;
    const already = chosen.filter((object) => object.concept === concept).length;
    if (already >= MOST_SAME_DECOR) continue;
    const role = roleIn(place, behaviourOf(concept).role, { id: -1, code: concept.code, count: 1 });
    chosen.push({ concept, role, isWished: false, isMain: false, sizeFactor: 1 });
  }
  return chosen;
}

export function makePlan(wish: Wish, unwanted: Wish, prompt: string, seed: number, book: ConceptBook): Plan {
  const random = randomFor(seed, "plan");
  const objects = wish.objects.flatMap((object) => {
    const concept = book.byCode(object.code);
    return concept ? [{ object, concept }] : [];
  });
  const concepts = objects.map(({ concept }) => concept);
  const place = inSeason(inferPlace(wish, objects, prompt), wish.places);
  const groups = objects.map(({ object, concept }) => plannedCopies(object, concept, place));

  const slots = Array.from<PlannedObject | null>({ length: SLOT_COUNT }).fill(null);
  const shared = shareSlots(groups, SLOT_COUNT - FIRST_MAIN_SLOT);
  relateSlots(
    objects.map(({ object }) => object),
    shared,
  );
  shared.flat().forEach((object, index) => {
    const isMain = index < MAIN_SLOT_COUNT;
    slots[FIRST_MAIN_SLOT + index] = { ...object, isMain };
  });

  const firstFree = Math.max(FIRST_DECOR_SLOT, slots.findLastIndex((slot) => slot !== null) + 1);
  const room = SLOT_COUNT - firstFree;
  const avoid = new Set([...concepts, ...unwantedConcepts(unwanted, book)].map(({ art }) => art));
  const decorCount = Math.min(room, FEWEST_DECOR + Math.floor(random.next() * room));
  chooseDecor(place, decorCount, avoid, book, random).forEach((object, index) => {
    slots[firstFree + index] = object;
  });

  const plan: Plan = {
    place,
    time: place.ground === "space" ? "night" : inferTime(wish, place, concepts),
    style: wish.style ?? "3d",
    sky: Math.floor(random.next() * SKY_COUNT),
    variety: 1,
    slots,
  };
  const namedWeather = wish.places.map((id) => placeCalled(id).weather).find((name) => name);
  const weather = wish.weather ?? place.weather ?? (isIndoors(place) ? undefined : namedWeather);
  if (weather && weather !== unwanted.weather) plan.weather = weather;
  if (wish.background) plan.background = wish.background;
  return plan;
}

function unwantedConcepts(unwanted: Wish, book: ConceptBook): Concept[] {
  return unwanted.objects.flatMap((object) => book.byCode(object.code) ?? []);
}
