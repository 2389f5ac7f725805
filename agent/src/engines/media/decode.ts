import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { inspectMedia, type Sides } from "./inspect.ts";

/** Four bytes a pixel. */
export interface Pixels extends Sides {
  data: Uint8Array;
}

/** More than any picture that comes here has; decoded, it takes four bytes for each and about as much again on the way. */
const MAX_MEGAPIXELS = 100;
const MAX_MEGABYTES = 1024;

/**
 * A PNG or JPEG without `sharp`. It takes seconds for tens of megapixels: for the thread alone.
 * @returns null for anything else.
 * @throws when it cannot be decoded, or is too large to try.
 */
export function decode(picture: Uint8Array): Pixels | null {
  const media = inspectMedia(picture);
  if (media && media.width * media.height > MAX_MEGAPIXELS * 1e6) throw new Error(`more than ${MAX_MEGAPIXELS} megapixels`);
  switch (media?.format) {
    case "PNG":
      return PNG.sync.read(Buffer.from(picture));
    case "JPEG":
      return jpeg.decode(picture, { useTArray: true, maxResolutionInMP: MAX_MEGAPIXELS, maxMemoryUsageInMB: MAX_MEGABYTES });
    case "WEBP":
    case "MP4":
    case undefined:
      return null;
  }
}
