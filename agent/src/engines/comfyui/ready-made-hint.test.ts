import { PNG } from "pngjs";
import sharp from "sharp";
import { expect, test } from "vitest";
import { aJpeg } from "../../../test/pictures.ts";
import { measureColours } from "../media/measure-colours.ts";
import { looksReadyMade } from "./ready-made-hint.ts";

function picture(colourAt: (x: number, y: number) => [number, number, number]): Buffer {
  const png = new PNG({ width: 40, height: 40 });
  for (let at = 0; at < 1600; at++) png.data.set([...colourAt(at % 40, Math.floor(at / 40)), 255], at * 4);
  return PNG.sync.write(png);
}
const limbs = picture((x, y) => (Math.abs(x - y) < 4 ? [255, 80, 0] : [0, 0, 0]));
const distances = picture((x, y) => [x * 3 + y * 3, x * 3 + y * 3, x * 3 + y * 3]);

test.each([
  ["with", measureColours],
  ["without", (bytes: Uint8Array) => measureColours(bytes, async () => null)],
])("%s sharp, limbs on black are a finished pose picture, greys a finished depth picture, a photo is neither", async (_, measure) => {
  const looks = async (bytes: Buffer) => {
    const types = ["openpose", "depth", "canny"] as const;
    const are = await Promise.all(types.map((type) => looksReadyMade(bytes, type, measure)));
    return types.filter((_type, index) => are[index]);
  };
  expect(await looks(limbs)).toEqual(["openpose"]);
  expect(await looks(distances)).toEqual(["depth"]);
  expect(await looks(await sharp(distances).toColourspace("b-w").png().toBuffer())).toEqual(["depth"]);
  expect(await looks(aJpeg(40, 40))).toEqual([]);
});
