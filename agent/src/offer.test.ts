import { expect, test } from "vitest";
import { anOffer } from "../test/builders.ts";
import { MODEL } from "../test/scripted-engine.ts";
import { freeSlots, offeredModels, reasonToReject } from "./offer.ts";

const MODELS = offeredModels(
  "e",
  [{ name: MODEL, types: ["TEXT2IMG"], maxPixels: 1024 * 1024 }],
  [
    { name: "sdxl", types: null },
    { name: MODEL, types: null },
    { name: "sdxl", types: null },
    { name: "upscaler", types: ["UPSCALE"] },
  ],
);
const offer = (changes: Parameters<typeof anOffer>[2] = {}, attemptId = "a1") => anOffer("http://edge", attemptId, changes);

test("mapped names are served by the engine's first model, which is said; never twice, nor for types it cannot do", () => {
  expect(MODELS).toEqual([
    { name: MODEL, types: ["TEXT2IMG"], maxPixels: 1024 * 1024, engine: "e" },
    { name: "sdxl", types: ["TEXT2IMG"], maxPixels: 1024 * 1024, engine: "e", servedAs: MODEL },
  ]);
});

test.each([
  ["fits", offer(), 1, null],
  ["fits under a mapped name", offer({ modelName: "sdxl" }), 1, null],
  ["no slot", offer(), 0, "no free slot"],
  ["unknown model", offer({ modelName: "flux" }), 1, "this agent does not offer flux for TEXT2IMG"],
  ["too large", offer({ width: 1032 }), 1, `${1032 * 1024} pixels are more than ${1024 * 1024}`],
  ["an id that is a path", offer({}, "../../etc"), 1, "an attempt id has letters, digits, _ and - only"],
] as const)("an offer: %s", (_, anyOffer, free, reason) => {
  expect(reasonToReject(anyOffer, { freeSlots: free, models: MODELS })).toBe(reason);
});

test.each([
  [{ slots: 2, running: 1, unacknowledged: 5, isDraining: false }, 1],
  [{ slots: 2, running: 0, unacknowledged: 0, isDraining: true }, 0],
  [{ slots: 64, running: 0, unacknowledged: 99, isDraining: false }, 1],
  [{ slots: 64, running: 1, unacknowledged: 99, isDraining: false }, 0],
  [{ slots: 1, running: 0, unacknowledged: 500, isDraining: false }, 0],
])("free slots of %o are %i", (state, free) => {
  expect(freeSlots(state)).toBe(free);
});
