/** The places a picture can be set in (data/places.json), and what grows there. */
import places from "./data/places.json" with { type: "json" };
import type { TimeName, WeatherName } from "./vocabulary.ts";

/** The scenes the layout model was trained on; a place borrows the one whose composition suits it. */
const MODEL_SCENES = [
  "plain",
  "garden",
  "grass",
  "forest",
  "beach",
  "sea",
  "underwater",
  "night",
  "space",
  "snow",
  "desert",
  "sunset",
  "city",
  "room",
  "mountains",
] as const;

export type GroundName =
  | "none"
  | "meadow"
  | "forest"
  | "beach"
  | "water"
  | "lake"
  | "seabed"
  | "space"
  | "sky"
  | "snow"
  | "dunes"
  | "street"
  | "floor"
  | "table"
  | "mountains";

export interface Place {
  id: string;
  modelScene: string;
  ground: GroundName;
  /** Ground colours, far and near. */
  colors: string[];
  /** Names of drawings that may be added unasked; a repeated name is more likely. */
  decor: string[];
  words: string[];
  /** Places that this one makes more exact: "autumn forest" is in autumn, "sky over the sea" at sea. */
  refines?: string[];
  weather?: WeatherName;
  /** The hour to show when the prompt names none. */
  hour?: TimeName;
  /** What is built or grows there, painted by backdrop/features. */
  features?: string[];
  /** Sky colours by day, from the top down, where the usual ones are wrong. */
  skies?: [string, string, string];
  flowers?: string[];
  trees?: string[];
  ridges?: string[];
  water?: string[];
  skyline?: string[];
}

// JSON imports widen string literals; places.test.ts checks the names against the types.
export const PLACES: ReadonlyMap<string, Place> = new Map((places as Place[]).map((place) => [place.id, place]));

export function placeCalled(id: string): Place {
  const place = PLACES.get(id);
  if (!place) throw new Error(`unknown place ${id}`);
  return place;
}

/** Index of the place's scene in the model's embedding table. */
export function modelSceneIndex(place: Place): number {
  const index = (MODEL_SCENES as readonly string[]).indexOf(place.modelScene);
  if (index < 0) throw new Error(`place ${place.id} names an unknown model scene`);
  return index;
}

/** Places where nothing stands: every object floats. */
export function hasNoHorizon(place: Place): boolean {
  return ["none", "seabed", "space", "sky"].includes(place.ground);
}

/** Whether a boat or a fish has somewhere to be. */
export function hasWater(place: Place): boolean {
  return ["beach", "water", "lake", "seabed"].includes(place.ground);
}

export function isIndoors(place: Place): boolean {
  return ["none", "floor", "table", "space", "seabed"].includes(place.ground);
}
