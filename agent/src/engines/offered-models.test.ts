import { expect, test } from "vitest";
import type { EngineModel } from "./engine.ts";
import { mergedModels, offeredModels } from "./offered-models.ts";

test("mapped names are served by the engine's first model, which is said; never twice, nor for types it cannot do", () => {
  const mapped = [
    { name: "sdxl", types: null },
    { name: "own", types: null },
    { name: "sdxl", types: null },
    { name: "upscaler", types: ["UPSCALE" as const] },
  ];
  expect(offeredModels({ name: "e", models: [{ name: "own", types: ["TEXT2IMG"], maxPixels: 1024 }], mappedModels: mapped })).toEqual([
    { name: "own", types: ["TEXT2IMG"], maxPixels: 1024, engine: "e" },
    { name: "sdxl", types: ["TEXT2IMG"], maxPixels: 1024, engine: "e", servedAs: "own" },
  ]);
});

const GB = 2 ** 30;

test("a GPU's memory is said as it is sold, the owner's word before the server's, and not of a model that stands in for another", () => {
  const models: EngineModel[] = [{ name: "own", types: ["TEXT2IMG"], memoryBytes: 25_276_514_304 }];
  const memoryOf = (gpuMemoryBytes?: number) =>
    offeredModels({ name: "e", models, mappedModels: [{ name: "sdxl", types: null }], gpuMemoryBytes }).map(
      ({ memoryBytes }) => memoryBytes,
    );
  expect(memoryOf()).toEqual([24 * GB, undefined]);
  expect(memoryOf(16 * GB)).toEqual([16 * GB, undefined]);
});

test("what several engines offer alike is offered once with all their numbers, and what they offer otherwise apart", () => {
  const offering = (memoryBytes: number, ...names: string[]) =>
    offeredModels({ name: "comfyui", models: names.map((name) => ({ name, types: ["TEXT2IMG"], memoryBytes })), mappedModels: [] });
  const offered = mergedModels([offering(8 * GB, "sd", "sdxl"), offering(8 * GB, "sd"), offering(24 * GB, "sdxl", "flux")]);
  expect(offered.map(({ name, memoryBytes = 0, engines }) => [name, memoryBytes / GB, engines])).toEqual([
    ["sd", 8, [0, 1]],
    ["sdxl", 8, [0]],
    ["sdxl", 24, [2]],
    ["flux", 24, [2]],
  ]);
});

test("one engine is given no number", () => {
  const [only] = mergedModels([offeredModels({ name: "e", models: [{ name: "own", types: ["TEXT2IMG"] }], mappedModels: [] })]);
  expect(only).toEqual({ name: "own", types: ["TEXT2IMG"], engine: "e" });
});
