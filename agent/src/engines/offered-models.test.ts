import { expect, test } from "vitest";
import { mergedModels, offeredModels } from "./offered-models.ts";

test("mapped names are served by the engine's first model, which is said; never twice, nor for types it cannot do", () => {
  const mapped = [
    { name: "sdxl", types: null },
    { name: "own", types: null },
    { name: "sdxl", types: null },
    { name: "upscaler", types: ["UPSCALE" as const] },
  ];
  expect(offeredModels("e", [{ name: "own", types: ["TEXT2IMG"], maxPixels: 1024 }], mapped)).toEqual([
    { name: "own", types: ["TEXT2IMG"], maxPixels: 1024, engine: "e" },
    { name: "sdxl", types: ["TEXT2IMG"], maxPixels: 1024, engine: "e", servedAs: "own" },
  ]);
});

test("two engines with one model offer each of its types once, by the first that has it", () => {
  const comfy = offeredModels("comfyui", [{ name: "sd", types: ["TEXT2IMG", "IMG2IMG"] }], []);
  const other = offeredModels(
    "other",
    [
      { name: "sd", types: ["IMG2IMG", "POSE"] },
      { name: "sd2", types: ["TEXT2IMG"] },
    ],
    [],
  );
  expect(mergedModels([comfy, other]).map(({ name, engine, types }) => [name, engine, ...types])).toEqual([
    ["sd", "comfyui", "TEXT2IMG", "IMG2IMG"],
    ["sd", "other", "POSE"],
    ["sd2", "other", "TEXT2IMG"],
  ]);
});
