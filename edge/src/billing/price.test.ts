import { Text2ImgBody, type Text2ImgParameters } from "@star-graph/shared/rest/generate";
import { expect, test } from "vitest";
import { priceText2Img } from "./price.ts";

const parameters = (over: Partial<Text2ImgParameters> = {}): Text2ImgParameters => ({
  ...Text2ImgBody.parse({ prompt: "a cat" }),
  seed: 1,
  ...over,
});

test.each([
  ["the document's picture", {}, 10],
  ["four of them", { batchSize: 4 }, 40],
  ["twice the steps", { steps: 60 }, 20],
  ["a quarter of the pixels", { width: 512, height: 512 }, 3],
  ["one credit more for a fraction", { steps: 31 }, 11],
  ["never less than one", { width: 64, height: 64, steps: 1 }, 1],
])("a text2img task costs by pixels, steps and pictures: %s", (_what, over, credits) => {
  expect(priceText2Img(10, parameters(over))).toBe(credits);
});

test("a free model is free at any size", () => {
  expect(priceText2Img(0, parameters({ batchSize: 8 }))).toBe(0);
});
