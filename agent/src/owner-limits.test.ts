import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { expect, test } from "vitest";
import { someParameters } from "../test/builders.ts";
import { MODEL } from "../test/scripted-engine.ts";
import type { OwnerLimits } from "./config/agent-config.ts";
import { limitModels, reasonOfOwner } from "./owner-limits.ts";

const NONE: OwnerLimits = { types: null, models: null, maxPixels: null, ownTasks: "any", refusedWords: [] };
const MODELS: AgentModel[] = [
  { name: "a", engine: "e", types: ["TEXT2IMG", "POSE"], maxPixels: 4_000_000 },
  { name: "b", engine: "e", types: ["UPSCALE"] },
];

test("offers what its owner lets it, and no more than the engine can", () => {
  expect(limitModels(MODELS, NONE)).toEqual(MODELS);
  expect(limitModels(MODELS, { ...NONE, types: ["TEXT2IMG"] })).toEqual([{ ...MODELS[0], types: ["TEXT2IMG"] }]);
  expect(limitModels(MODELS, { ...NONE, models: ["b"] })).toEqual([MODELS[1]]);
  expect(limitModels(MODELS, { ...NONE, maxPixels: 1_000_000 }).map(({ maxPixels }) => maxPixels)).toEqual([1_000_000, 1_000_000]);
  expect(limitModels(MODELS, { ...NONE, maxPixels: 9_000_000 }).map(({ maxPixels }) => maxPixels)).toEqual([4_000_000, 9_000_000]);
});

test.each([
  [{}, null],
  [{ types: ["UPSCALE"] }, "its owner takes no TEXT2IMG"],
  [{ models: ["b"] }, `its owner does not offer ${MODEL}`],
  [{ maxPixels: 1000 }, "its owner takes 1000 pixels at most"],
  [{ refusedWords: ["gore", "BlOoD"] }, "its owner does not draw what this asks for"],
] satisfies [Partial<OwnerLimits>, string | null][])("an offer that a stale edge makes all the same: %o", (limits, reason) => {
  const task = { type: "TEXT2IMG" as const, parameters: someParameters({ prompt: "a bloodhound" }) };
  expect(reasonOfOwner(task, { ...NONE, ...limits })).toBe(reason);
});
