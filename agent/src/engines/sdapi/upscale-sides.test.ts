import { expect, test } from "vitest";
import { sidesToEnlarge } from "./upscale-sides.ts";

test.each([
  [64, 64, 2, null],
  [66, 64, 4, null],
  [66, 64, 2, [68, 64]],
  [1023, 767, 2, [1024, 768]],
  [1023, 767, 4, [1024, 768]],
  [1, 1, 2, [4, 4]],
] as const)("%ix%i to be enlarged %i times is filled up to %j", (width, height, scaleFactor, filled) => {
  expect(sidesToEnlarge({ width, height }, scaleFactor)).toEqual(filled && { width: filled[0], height: filled[1] });
});
