import { inspectMedia, type Sides } from "./inspect.ts";
import { loadSharp, type Sharp } from "./load-sharp.ts";
import { inPixelThread } from "./pixel-thread.ts";

/**
 * The picture on a canvas of these sides, as a PNG, its top left corner where it was: what is too much is cut off at the right
 * and below, what is missing there is filled with copies of the edge.
 * @returns null when it cannot be read (a WebP needs `sharp`).
 */
export async function onCanvas(
  picture: Uint8Array,
  sides: Sides,
  load: () => Promise<Sharp | null> = loadSharp,
): Promise<Uint8Array | null> {
  const media = inspectMedia(picture);
  if (!media || media.format === "MP4") return null;
  const withSharp = await load();
  if (!withSharp) return inPixelThread("canvas", picture, sides);
  try {
    return await onCanvasWithSharp(withSharp, picture, media, sides);
  } catch {
    // A header that was right before a picture that is not.
    return null;
  }
}

async function onCanvasWithSharp(read: Sharp, picture: Uint8Array, had: Sides, { width, height }: Sides): Promise<Uint8Array> {
  const [right, bottom] = [Math.max(0, width - had.width), Math.max(0, height - had.height)];
  return read(picture)
    .extract({ left: 0, top: 0, width: Math.min(width, had.width), height: Math.min(height, had.height) })
    .extend({ right, bottom, extendWith: "copy" })
    .png()
    .toBuffer();
}
