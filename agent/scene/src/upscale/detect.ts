/** Whether a picture was drawn with flat colours or taken with a camera. */
import { lumaOfPixel, type Pixels } from "../pixels.ts";

/** Neighbouring pixels that differ by no more than this are flat. */
const FLAT_STEP = 1;
/**
 * Drawings are mostly flat or smooth; grain and texture leave a photo little that is. Our own pictures have
 * 0.24-0.64 at 128 px and 0.79-0.95 at 512 px, because a smaller picture has more edges for its area; a photo of a
 * circuit board has 0.03 and 0.13.
 */
const LEAST_FLAT_SHARE = { side: 128, share: 0.18, perDoubling: 0.2, least: 0.06, most: 0.65 };

function leastFlatShare(side: number): number {
  const { side: usualSide, share, perDoubling, least, most } = LEAST_FLAT_SHARE;
  return Math.min(most, Math.max(least, share + perDoubling * Math.log2(side / usualSide)));
}

export function isDrawnArt({ data, width, height }: Pixels): boolean {
  let [flat, count] = [0, 0];
  for (let y = 1; y < height; y += 2) {
    for (let x = 1; x < width; x += 2) {
      const offset = (y * width + x) * 3;
      const here = lumaOfPixel(data, offset);
      const change = Math.max(Math.abs(here - lumaOfPixel(data, offset - 3)), Math.abs(here - lumaOfPixel(data, offset - width * 3)));
      if (change <= FLAT_STEP) flat += 1;
      count += 1;
    }
  }
  return count > 0 && flat / count >= leastFlatShare(Math.min(width, height));
}
