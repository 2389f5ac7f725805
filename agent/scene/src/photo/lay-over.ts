/** Puts a picture with transparency on top of one without. */
import type { Pixels } from "../pixels.ts";
import type { Sprite } from "../raster.ts";

/** Both have one size. @param opacity 0..1. */
export function layOver(below: Pixels, above: Sprite, opacity: number): Pixels {
  const data = Uint8Array.from(below.data);
  for (let pixel = 0; pixel < below.width * below.height; pixel += 1) {
    const alpha = ((above.data[pixel * 4 + 3] ?? 0) / 255) * opacity;
    if (alpha === 0) continue;
    for (let channel = 0; channel < 3; channel += 1) {
      const value = data[pixel * 3 + channel] ?? 0;
      data[pixel * 3 + channel] = value + ((above.data[pixel * 4 + channel] ?? 0) - value) * alpha;
    }
  }
  return { ...below, data };
}
