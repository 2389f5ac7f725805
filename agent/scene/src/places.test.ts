import { describe, expect, test } from "vitest";
import { readConcepts } from "./assets.ts";
import { isFeature } from "./backdrop/features/features.ts";
import { buildConceptBook } from "./concept-book.ts";
import kinds from "./data/kinds.json" with { type: "json" };
import objectWords from "./data/object-words.json" with { type: "json" };
import { modelSceneIndex, PLACES } from "./places.ts";

const GROUNDS = new Set([
  "none",
  "meadow",
  "forest",
  "beach",
  "water",
  "lake",
  "seabed",
  "space",
  "sky",
  "snow",
  "dunes",
  "street",
  "floor",
  "table",
  "mountains",
]);

describe("the data tables", () => {
  test("give every place a ground and a scene that exist", () => {
    for (const place of PLACES.values()) {
      expect(GROUNDS).toContain(place.ground);
      expect(modelSceneIndex(place)).toBeGreaterThanOrEqual(0);
      for (const refined of place.refines ?? []) expect(PLACES.has(refined)).toBe(true);
    }
  });

  test("name at least 40 places, with features that can be painted", () => {
    expect(PLACES.size).toBeGreaterThanOrEqual(40);
    const features = [...PLACES.values()].flatMap((place) => place.features ?? []);
    expect(features.filter((name) => !isFeature(name))).toEqual([]);
  });

  test("name only drawings and habitats that exist", async () => {
    const book = buildConceptBook(await readConcepts());
    const missing = [...PLACES.values()].flatMap(({ decor }) => decor).filter((art) => !book.byArt(art));
    expect(missing).toEqual([]);
    const behaviours = [...Object.values(kinds.byArt), ...Object.values(kinds.byKind)];
    expect(behaviours.filter(({ habitat }) => !PLACES.has(habitat))).toEqual([]);
    expect(Object.keys(kinds.byArt).filter((art) => !book.byArt(art))).toEqual([]);
    expect(Object.keys(objectWords).filter((code) => !book.byCode(code))).toEqual([]);
  });
});
