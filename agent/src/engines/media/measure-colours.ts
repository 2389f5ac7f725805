import { type ColourShares, colourShares } from "./colour-shares.ts";
import { loadSharp, type Sharp } from "./load-sharp.ts";
import { inPixelThread } from "./pixel-thread.ts";

/** So many pixels of a picture tell as much of its colours as all of them. */
const ENOUGH_SIDE = 512;

/** How much of a PNG or JPEG is black, and grey; null when it cannot be read. */
export async function measureColours(picture: Uint8Array, load: () => Promise<Sharp | null> = loadSharp): Promise<ColourShares | null> {
  const withSharp = await load();
  if (!withSharp) return inPixelThread("colours", picture, null);
  try {
    // "nearest" mixes no colours that were not there.
    const sides = { width: ENOUGH_SIDE, height: ENOUGH_SIDE, fit: "inside", withoutEnlargement: true, kernel: "nearest" } as const;
    return colourShares({ data: await withSharp(picture).resize(sides).toColourspace("srgb").ensureAlpha().raw().toBuffer() });
  } catch {
    return null;
  }
}
