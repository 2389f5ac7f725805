import jpeg from "jpeg-js";
import type { Pixels } from "./decode.ts";
import { QUALITIES, type SmallLimits, type SmallPicture } from "./small-picture.ts";

/** Null when even the worst quality has too many bytes. */
export function shrinkInJs(pixels: Pixels, { maxSide, maxBytes }: SmallLimits): SmallPicture | null {
  const scale = Math.min(1, maxSide / Math.max(pixels.width, pixels.height));
  const small = averaged(pixels, Math.max(1, Math.round(pixels.width * scale)), Math.max(1, Math.round(pixels.height * scale)));
  for (const quality of QUALITIES) {
    const { data: bytes } = jpeg.encode(small, quality);
    if (bytes.length <= maxBytes) return { bytes, format: "JPEG" };
  }
  return null;
}

/** Each pixel is the mean of those that it stands for, over black where they are transparent. */
function averaged(source: Pixels, width: number, height: number): Pixels & { data: Buffer } {
  const data = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * source.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * source.height) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * source.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * source.width) / width));
      data.set(meanOf(source, left, top, right, bottom), (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

function meanOf({ data, width }: Pixels, left: number, top: number, right: number, bottom: number): [number, number, number, number] {
  let [red, green, blue] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let at = (y * width + left) * 4; at < (y * width + right) * 4; at += 4) {
      const alpha = (data[at + 3] ?? 0) / 255;
      red += (data[at] ?? 0) * alpha;
      green += (data[at + 1] ?? 0) * alpha;
      blue += (data[at + 2] ?? 0) * alpha;
    }
  }
  const count = (right - left) * (bottom - top);
  return [red / count, green / count, blue / count, 255];
}
