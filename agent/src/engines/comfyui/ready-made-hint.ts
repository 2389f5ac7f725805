import { decode } from "../media/shrink-in-js.ts";
import type { ControlType } from "./control-nets.ts";

/** Of a finished pose picture so much is black; of a depth picture so much is grey. */
const BLACK_SHARE = 0.6;
const GREY_SHARE = 0.98;
const DARK = 24;
const COLOURLESS = 16;

/**
 * Whether a picture looks like what a preprocessor would have made: coloured limbs on black, or distances in grey. A photo in
 * its place would be drawn over as if it were one, and the task paid for.
 */
export function looksReadyMade(picture: Uint8Array, format: "PNG" | "JPEG", type: ControlType): boolean {
  const pixels = decode(picture, format);
  if (!pixels) return false;
  let black = 0;
  let grey = 0;
  const { data } = pixels;
  for (let at = 0; at + 3 < data.length; at += 4) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    const brightest = Math.max(red, green, blue);
    if (brightest <= DARK) black++;
    if (brightest - Math.min(red, green, blue) <= COLOURLESS) grey++;
  }
  const count = data.length / 4;
  switch (type) {
    case "openpose":
      return black / count >= BLACK_SHARE;
    case "depth":
      return grey / count >= GREY_SHARE;
    case "canny":
      return false;
  }
}
