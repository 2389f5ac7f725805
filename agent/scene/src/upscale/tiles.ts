/** Enlarges a picture of any size tile by tile, so that memory stays small and a cancel is seen between tiles. */
import { blankPixels, clampByte, type Pixels } from "../pixels.ts";
import type { UpscaleModel } from "./upscale-model.ts";

/** Large, because each tile is computed with its border; small enough for memory and for a cancel within a second. */
const TILE = 128;
/** The networks look this far around a pixel; a narrower border would show as seams. */
const BORDER = 9;

function tileCount({ width, height }: Pick<Pixels, "width" | "height">): number {
  return Math.ceil(width / TILE) * Math.ceil(height / TILE);
}

/** A square of the picture as planes in 0..1; the picture's edge pixels are repeated beyond it. */
function cutPlanes(source: Pixels, left: number, top: number, width: number, height: number): Float32Array {
  const planes = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y += 1) {
    const sourceY = Math.min(source.height - 1, Math.max(0, top + y));
    for (let x = 0; x < width; x += 1) {
      const sourceX = Math.min(source.width - 1, Math.max(0, left + x));
      const offset = (sourceY * source.width + sourceX) * 3;
      for (let channel = 0; channel < 3; channel += 1) {
        planes[channel * width * height + y * width + x] = (source.data[offset + channel] ?? 0) / 255;
      }
    }
  }
  return planes;
}

interface TileSettings {
  scale: number;
  /** The values that this network takes for black and white. */
  range: readonly [black: number, white: number];
  onTile: (done: number, total: number, soFar: Pixels) => Promise<void>;
}

export async function enlargeByTiles(model: UpscaleModel, source: Pixels, { scale, range, onTile }: TileSettings): Promise<Pixels> {
  const result = blankPixels(source.width * scale, source.height * scale);
  const total = tileCount(source);
  const [black, white] = range;
  let done = 0;
  for (let top = 0; top < source.height; top += TILE) {
    for (let left = 0; left < source.width; left += TILE) {
      const [width, height] = [Math.min(TILE, source.width - left), Math.min(TILE, source.height - top)];
      const [outerWidth, outerHeight] = [width + 2 * BORDER, height + 2 * BORDER];
      const planes = cutPlanes(source, left - BORDER, top - BORDER, outerWidth, outerHeight);
      const enlarged = await model.enlarge(
        black === 0 ? planes : planes.map((value) => black + value * (white - black)),
        outerWidth,
        outerHeight,
      );
      const plane = outerWidth * scale * outerHeight * scale;
      for (let y = 0; y < height * scale; y += 1) {
        for (let x = 0; x < width * scale; x += 1) {
          const from = (y + BORDER * scale) * outerWidth * scale + x + BORDER * scale;
          const to = ((top * scale + y) * result.width + left * scale + x) * 3;
          for (let channel = 0; channel < 3; channel += 1) {
            const value = ((enlarged[channel * plane + from] ?? 0) - black) / (white - black);
            result.data[to + channel] = clampByte(Math.round(value * 255));
          }
        }
      }
      done += 1;
      await onTile(done, total, result);
    }
  }
  return result;
}
