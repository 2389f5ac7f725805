import { PNG } from "pngjs";
import { inspectMedia } from "./inspect.ts";
import { loadSharp, type Sharp } from "./load-sharp.ts";
import { decode } from "./shrink-in-js.ts";

export interface Sides {
  width: number;
  height: number;
}

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
  try {
    if (withSharp) return await onCanvasWithSharp(withSharp, picture, media, sides);
    const source = decode(picture, media.format);
    return source && PNG.sync.write(copyOnto(source, sides), { deflateLevel: 3 });
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

function copyOnto(source: Sides & { data: Uint8Array }, { width, height }: Sides): PNG {
  const canvas = new PNG({ width, height });
  const columns = Math.min(width, source.width) * 4;
  for (let y = 0; y < height; y++) {
    const from = Math.min(y, source.height - 1) * source.width * 4;
    const at = y * width * 4;
    canvas.data.set(source.data.subarray(from, from + columns), at);
    canvas.data.fill(source.data.subarray(from + columns - 4, from + columns), at + columns, at + width * 4);
  }
  return canvas;
}
