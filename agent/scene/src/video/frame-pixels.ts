import { blankPixels, type Pixels } from "../pixels.ts";
import type { Frame } from "./canvas.ts";

/** A copy without the fourth byte. */
export function frameToPixels({ data, width, height }: Frame): Pixels {
  const pixels = blankPixels(width, height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    pixels.data[to] = data[from] ?? 0;
    pixels.data[to + 1] = data[from + 1] ?? 0;
    pixels.data[to + 2] = data[from + 2] ?? 0;
  }
  return pixels;
}
