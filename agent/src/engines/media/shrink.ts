import { inspectMedia } from "./inspect.ts";
import { loadSharp, type Sharp } from "./load-sharp.ts";
import { inPixelThread } from "./pixel-thread.ts";
import { QUALITIES, type SmallLimits, type SmallPicture } from "./small-picture.ts";

/** Makes a picture small enough; null when it cannot be read. One that is small enough already comes back as it is. */
export type Shrink = (picture: Uint8Array, limits: SmallLimits) => Promise<SmallPicture | null>;

/** With the package `sharp` where the owner has it, which reads everything; else with what is in this program: PNG and JPEG. */
export async function shrinkPicture(
  picture: Uint8Array,
  limits: SmallLimits,
  load: () => Promise<Sharp | null> = loadSharp,
): Promise<SmallPicture | null> {
  const media = inspectMedia(picture);
  if (!media || media.format === "MP4") return null;
  const { format, width, height } = media;
  if (Math.max(width, height) <= limits.maxSide && picture.length <= limits.maxBytes) return { bytes: picture, format };
  const withSharp = await load();
  if (!withSharp) return inPixelThread("shrink", picture, limits);
  try {
    return await shrinkWithSharp(withSharp, picture, limits);
  } catch {
    // A header that was right before a picture that is not.
    return null;
  }
}

async function shrinkWithSharp(decode: Sharp, picture: Uint8Array, { maxSide, maxBytes }: SmallLimits): Promise<SmallPicture | null> {
  const small = await decode(picture).resize(maxSide, maxSide, { fit: "inside", withoutEnlargement: true }).png().toBuffer();
  for (const quality of QUALITIES) {
    const bytes = await decode(small).webp({ quality }).toBuffer();
    if (bytes.length <= maxBytes) return { bytes, format: "WEBP" };
  }
  return null;
}
