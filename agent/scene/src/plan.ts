/** Wish + seed -> which drawing sits in which slot of the layout model, in which place. */
import type { Concept } from "./assets.ts";
import { behaviourOf, type ConceptBook, type Role } from "./concept-book.ts";
import { hasNoHorizon, hasWater, isIndoors, placeCalled, PLACES, type Place } from "./places.ts";
import { hashText, randomFor, type Random } from "./random.ts";
import type { ColorName, StyleName, TimeName, WeatherName } from "./vocabulary.ts";
import type { Wish, WishedObject } from "./wish.ts";

/** Slot 0 of the model is the scene itself; 1..4 are what was asked for, 5..10 surroundings. */
export const SLOT_COUNT = 11;
const FIRST_MAIN_SLOT = 1;
const MAIN_SLOT_COUNT = 4;
const FIRST_DECOR_SLOT = FIRST_MAIN_SLOT + MAIN_SLOT_COUNT;
const FEWEST_DECOR = 3;
const MOST_SAME_DECOR = 2;
const STUDIO = "studio";

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
}

export interface Plan {
  place: Place;
  time: TimeName;
  weather?: WeatherName;
  background?: ColorName;
  style: StyleName;
  /** One entry per model slot; null is an empty slot. */
  slots: (PlannedObject | null)[];
}

const SIZE_FACTORS = { big: 1.35, small: 0.6 } as const;
const NIGHT_LIGHTS = new Set(["star", "glowing-star", "shooting-star", "comet", "fireworks", "milky-way"]);

function isMoon(art: string): boolean {
  return art.includes("moon") && !art.includes("cake") && !art.includes("ceremony");
}

function inferTime(wish: Wish, wished: readonly Concept[]): TimeName {
  if (wish.time) return wish.time;
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
    const behaviours = wished.map(({ concept }) => behaviourOf(concept));
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
  const roles = wished.filter(({ object }) => object.motion === undefined).map(({ concept }) => behaviourOf(concept).role);
  return roles.some((role) => role === "ground" || role === "tall") && !roles.includes("water");
}

function roleIn(place: Place, role: Role, object: WishedObject): Role {
  if (object.motion === "flying" && role !== "bust") return "sky";
  if (object.motion === "swimming" && hasWater(place)) return "water";
  if (place.ground === "seabed") return role === "plant" || role === "bust" ? role : "water";
  if (place.ground === "none") return role === "bust" ? "bust" : "thing";
  if (hasNoHorizon(place)) return role === "sky" ? "sky" : "float";
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
  return Array.from({ length: object.count }, () => ({ ...planned }));
}

/** Each wished thing gets a place before any gets its second, so "ten cats and a dog" shows the dog. */
function shareSlots(groups: PlannedObject[][], slotCount: number): PlannedObject[] {
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
  return shared.flat();
}

function chooseDecor(place: Place, count: number, avoid: ReadonlySet<string>, book: ConceptBook, random: Random): PlannedObject[] {
  const chosen: PlannedObject[] = [];
  const candidates = place.decor.filter((art) => !avoid.has(art));
  for (let attempt = 0; attempt < count * 3 && chosen.length < count; attempt += 1) {
    const concept = book.byArt(random.pick(candidates) ?? "");
    if (!concept) continue;
    const already = chosen.filter((object) => object.concept === concept).length;
    if (already >= MOST_SAME_DECOR) continue;
    const role = roleIn(place, behaviourOf(concept).role, { code: concept.code, count: 1 });
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
  const place = inferPlace(wish, objects, prompt);
  const groups = objects.map(({ object, concept }) => plannedCopies(object, concept, place));

  const slots = Array.from<PlannedObject | null>({ length: SLOT_COUNT }).fill(null);
  shareSlots(groups, SLOT_COUNT - FIRST_MAIN_SLOT).forEach((object, index) => {
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
    time: place.ground === "space" ? "night" : inferTime(wish, concepts),
    style: wish.style ?? "3d",
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
