import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { aJpeg } from "../../../test/pictures.ts";
import { looksReadyMade } from "./ready-made-hint.ts";

function picture(colourAt: (x: number, y: number) => [number, number, number]): Buffer {
  const png = new PNG({ width: 40, height: 40 });
  for (let at = 0; at < 1600; at++) png.data.set([...colourAt(at % 40, Math.floor(at / 40)), 255], at * 4);
  return PNG.sync.write(png);
}
const limbs = picture((x, y) => (Math.abs(x - y) < 4 ? [255, 80, 0] : [0, 0, 0]));
const distances = picture((x, y) => [x * 3 + y * 3, x * 3 + y * 3, x * 3 + y * 3]);

test("limbs on black are a finished pose picture, greys a finished depth picture, a photo is neither", () => {
  const looks = (bytes: Buffer, format: "PNG" | "JPEG") =>
    (["openpose", "depth", "canny"] as const).filter((type) => looksReadyMade(bytes, format, type));
  expect(looks(limbs, "PNG")).toEqual(["openpose"]);
  expect(looks(distances, "PNG")).toEqual(["depth"]);
  expect(looks(aJpeg(40, 40), "JPEG")).toEqual([]);
});
