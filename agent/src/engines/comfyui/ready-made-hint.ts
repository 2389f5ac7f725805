import { measureColours } from "../media/measure-colours.ts";
import type { ControlType } from "./control-nets.ts";

/** Of a finished pose picture so much is black; of a depth picture so much is grey. */
const BLACK_SHARE = 0.6;
const GREY_SHARE = 0.98;

/**
 * Whether a PNG or JPEG looks like what a preprocessor would have made: coloured limbs on black, or distances in grey. A photo in
 * its place would be drawn over as if it were one, and the task paid for.
 */
export async function looksReadyMade(picture: Uint8Array, type: ControlType, measure = measureColours): Promise<boolean> {
  if (type === "canny") return false;
  const shares = await measure(picture);
  if (!shares) return false;
  return type === "openpose" ? shares.black >= BLACK_SHARE : shares.grey >= GREY_SHARE;
}
