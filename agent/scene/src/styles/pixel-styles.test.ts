import { expect, test } from "vitest";
import { blankPixels, type Pixels } from "../pixels.ts";
import { STYLES } from "../vocabulary.ts";
import { applyPixelStyle } from "./pixel-styles.ts";

/** Two halves and a gradient, so that every style has something to do. */
function aPicture(): Pixels {
  const pixels = blankPixels(48, 32);
  pixels.data.forEach((_, offset) => {
    const x = Math.floor(offset / 3) % 48;
    pixels.data[offset] = (x < 24 ? 60 + x * 3 : 220 - x) - (offset % 3) * 30;
  });
  return pixels;
}

test("every style but the plain ones gives other pixels, each its own", async () => {
  const results = new Set<string>();
  for (const style of STYLES) {
    const { data, width, height } = await applyPixelStyle(aPicture(), style);
    expect([width, height]).toEqual([48, 32]);
    results.add(Buffer.from(data).toString("base64"));
  }
  expect(results.size).toBe(STYLES.length - 1);
});

test.each(STYLES)("%s gives the same pixels every time", async (style) => {
  expect((await applyPixelStyle(aPicture(), style)).data).toEqual((await applyPixelStyle(aPicture(), style)).data);
});
