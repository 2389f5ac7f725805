import type { EngineTask } from "@star-graph/shared/rest/generate";
import { expect, test } from "vitest";
import { someParameters } from "../../test/builders.ts";
import { notesFor, SCENE_MODEL, seedOfPicture } from "./built-in-notes.ts";

type Changes = Parameters<typeof someParameters>[0];
const aTask = (changes: Changes): EngineTask => ({ type: "TEXT2IMG", parameters: someParameters(changes) });
const ours = (changes: Changes = {}) => aTask({ modelName: SCENE_MODEL, ...changes });

test("the document's own request gives one note: that another model drew it", () => {
  const request = aTask({
    prompt: "一只可爱的猫咪在花园里玩耍",
    negativePrompt: "低质量, 模糊",
    modelName: "stable-diffusion-xl-base-1.0",
  });
  expect(notesFor(request, ["低质量", "模糊"])).toEqual([
    "模型 stable-diffusion-xl-base-1.0 由内置引擎 stargraph-scene 代为执行 (stable-diffusion-xl-base-1.0 was run by the built-in stargraph-scene engine)",
  ]);
});

test("its own model with plain settings gives none", () => {
  expect(notesFor(ours(), [])).toEqual([]);
});

test("words not understood are listed once, as many as fit a note", () => {
  expect(notesFor(ours({ prompt: "flurb and Zork" }), ["flurb", "zork", "flurb"])).toEqual([
    "未识别的词：flurb、zork (words not understood: flurb、zork)",
  ]);
  const many = Array.from({ length: 300 }, (_, index) => `word${index}`);
  const [note = ""] = notesFor(ours({ prompt: many.join(" ") }), many);
  expect(note.length).toBeLessThan(500);
  expect(note).toMatch(/word20.*…/);
});

test("settings that it does not use are named in one note", () => {
  expect(notesFor(ours({ sampler: "heun", scheduler: "karras", denoise: 0.5 }), [])).toEqual([
    "内置引擎不使用 sampler heun, scheduler karras, denoise 0.5 (the built-in engine does not use sampler heun, scheduler karras, denoise 0.5)",
  ]);
});

test("seeds of a batch count on and go round at the largest", () => {
  const max = Number.MAX_SAFE_INTEGER;
  expect([0, 1, 2].map((index) => seedOfPicture(7, index))).toEqual([7, 8, 9]);
  expect([0, 1, 2, 3].map((index) => seedOfPicture(max - 1, index))).toEqual([max - 1, max, 0, 1]);
});

test("an enlarged picture has no words and no sampler, only the model that really ran", () => {
  const parameters = { scaleFactor: 2, model: "RealESRGAN", imageWidth: 64, imageHeight: 64 } as const;
  expect(notesFor({ type: "UPSCALE", parameters }, [])).toEqual([
    "模型 RealESRGAN 由内置引擎 stargraph-scene 代为执行 (RealESRGAN was run by the built-in stargraph-scene engine)",
  ]);
});
