import { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";
import { expect, test } from "vitest";
import { priceOf } from "./price.ts";

const picture = { width: 1024, height: 1024, steps: 30, seed: 1, prompt: "a cat", imageWidth: 512, imageHeight: 512 };
const video = { ...picture, width: 512, height: 512, steps: 25, duration: 4, fps: 8 };
const task = (type: TaskType, parameters: object): EngineTask => EngineTask.parse({ type, parameters });

test.each([
  ["the document's picture", "TEXT2IMG", {}, 10],
  ["four of them", "TEXT2IMG", { batchSize: 4 }, 40],
  ["twice the steps", "TEXT2IMG", { steps: 60 }, 20],
  ["a quarter of the pixels", "TEXT2IMG", { width: 512, height: 512 }, 3],
  ["one credit more for a fraction", "TEXT2IMG", { steps: 31 }, 11],
  ["never less than one", "TEXT2IMG", { width: 64, height: 64, steps: 1 }, 1],
  ["a changed picture like a new one", "IMG2IMG", {}, 10],
  ["a posed picture like a new one", "POSE", {}, 10],
  ["an enlarged one by what it becomes", "UPSCALE", { scaleFactor: 2 }, 4],
  ["four times by that much more", "UPSCALE", { scaleFactor: 4 }, 14],
] as const)("a picture costs by pixels, steps and number: %s", (_what, type, over, credits) => {
  expect(priceOf(10, task(type, { ...picture, ...over }))).toBe(credits);
});

test.each([
  ["the document's video", "TEXT2VIDEO", {}, 30],
  ["half as long", "TEXT2VIDEO", { duration: 2 }, 15],
  ["twice the frames a second", "IMG2VIDEO", { fps: 16 }, 60],
] as const)("a video costs by pixels, steps and frames: %s", (_what, type, over, credits) => {
  expect(priceOf(30, task(type, { ...video, ...over }))).toBe(credits);
});

test("a free model is free at any size", () => {
  expect(priceOf(0, task("TEXT2IMG", { ...picture, batchSize: 8 }))).toBe(0);
});
