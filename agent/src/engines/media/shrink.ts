import { inspectMedia } from "./inspect.ts";
import { loadSharp, type Sharp } from "./load-sharp.ts";

export interface SmallPicture {
  bytes: Uint8Array;
  format: "PNG" | "JPEG" | "WEBP";
}

export interface SmallLimits {
  /** Of the longer side, in pixels. */
  maxSide: number;
  maxBytes: number;
}

/** Makes a picture small enough; null when it cannot be read. One that is small enough already comes back as it is. */
export type Shrink = (picture: Uint8Array, limits: SmallLimits) => Promise<SmallPicture | null>;

/** Tried one after the other until the bytes are few enough. */
const QUALITIES = [80, 65, 50, 35, 20] as const;

/** With the package `sharp` where the owner has it, which reads everything; else with what is in this program: PNG and JPEG. */
export const shrinkPicture: Shrink = async (picture, limits) => {
  const media = inspectMedia(picture);
  if (!media || media.format === "MP4") return null;
  const { format, width, height } = media;
  if (Math.max(width, height) <= limits.maxSide && picture.length <= limits.maxBytes) return { bytes: picture, format };
  const withSharp = await loadSharp();
  try {
    if (withSharp) return await shrinkWithSharp(withSharp, picture, limits);
    const { shrinkInJs } = await import("./shrink-in-js.ts");
    return shrinkInJs(picture, format, limits, QUALITIES);
  } catch {
    // A header that was right before a picture that is not.
    return null;
  }
};

async function shrinkWithSharp(decode: Sharp, picture: Uint8Array, { maxSide, maxBytes }: SmallLimits): Promise<SmallPicture | null> {
  const small = await decode(picture).resize(maxSide, maxSide, { fit: "inside", withoutEnlargement: true }).png().toBuffer();
  for (const quality of QUALITIES) {
    const bytes = await decode(small).webp({ quality }).toBuffer();
    if (bytes.length <= maxBytes) return { bytes, format: "WEBP" };
  }
  return null;
}
