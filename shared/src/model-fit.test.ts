import { expect, test } from "vitest";
import type { AgentModel } from "./agent-protocol.ts";
import { shortfallOf, type ModelNeeds } from "./model-fit.ts";

const GB = 2 ** 30;
const needs: ModelNeeds = { type: "POSE", model: "sdxl", pixels: 1024 ** 2, frames: 1, features: ["pose:DEPTH"], memoryBytes: 12 * GB };
const offered: AgentModel = {
  name: "sdxl",
  types: ["TEXT2IMG", "POSE"],
  engine: "comfyui",
  maxPixels: 1024 ** 2,
  maxFrames: 1,
  features: ["pose:DEPTH"],
  memoryBytes: 12 * GB,
};

test.each([
  ["model", { name: "flux" }],
  ["type", { types: ["TEXT2IMG"] }],
  ["pixels", { maxPixels: 1024 ** 2 - 1 }],
  ["frames", { maxFrames: 0 }],
  ["features", { features: ["pose:CANNY"] }],
  ["memory", { memoryBytes: 8 * GB }],
] satisfies [string, Partial<AgentModel>][])("what is missing is said: %s", (missing, change) => {
  expect(shortfallOf({ ...offered, ...change }, needs)).toBe(missing);
});

test("what an agent does not say, it does not limit; and nobody is asked for what a task does not need", () => {
  expect(shortfallOf(offered, needs)).toBeNull();
  expect(shortfallOf({ name: "sdxl", types: ["POSE"], engine: "built-in" }, needs)).toBeNull();
  expect(shortfallOf({ ...offered, memoryBytes: 1 }, { ...needs, memoryBytes: undefined })).toBeNull();
});
