import { PNG } from "pngjs";
import type { Pixels } from "./decode.ts";
import type { Sides } from "./inspect.ts";

/** The pixels on a canvas of these sides, as a PNG. */
export function canvasInJs(source: Pixels, { width, height }: Sides): Uint8Array {
  const canvas = new PNG({ width, height });
  const columns = Math.min(width, source.width) * 4;
  for (let y = 0; y < height; y++) {
    const from = Math.min(y, source.height - 1) * source.width * 4;
    const at = y * width * 4;
    canvas.data.set(source.data.subarray(from, from + columns), at);
    canvas.data.fill(source.data.subarray(from + columns - 4, from + columns), at + columns, at + width * 4);
  }
  return PNG.sync.write(canvas, { deflateLevel: 3 });
}
