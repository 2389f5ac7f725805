import type { EngineFile } from "../engine.ts";
import { inspectMedia, type Media } from "./inspect.ts";
import { withMoovFirst } from "./moov-first.ts";
import { type Shrink, shrinkPicture } from "./shrink.ts";
import { stripMetadata } from "./strip-metadata.ts";

const THUMBNAIL = { maxSide: 512, maxBytes: 200 * 1024 };

/** What the bytes of an engine's file are, ready to be handed out: without notes, a video with its index first. Null when they are neither, or not whole. */
export function cleanMedia(bytes: Uint8Array): (Media & { bytes: Uint8Array }) | null {
  const media = inspectMedia(bytes);
  if (!media) return null;
  const clean = stripMetadata(bytes, media.format);
  if (!clean) return null;
  return { ...media, bytes: media.format === "MP4" ? withMoovFirst(clean) : clean };
}

/**
 * A result with its thumbnail, made of `picture`: the result itself, or a frame of the video.
 * @returns null when no thumbnail can be made of it here (a WebP without sharp).
 */
export async function withThumbnail(
  { bytes, format, width, height }: Media & { bytes: Uint8Array },
  picture: Uint8Array,
  shrink: Shrink = shrinkPicture,
): Promise<EngineFile | null> {
  const thumbnail = await shrink(picture, THUMBNAIL);
  if (!thumbnail) return null;
  const small = stripMetadata(thumbnail.bytes, thumbnail.format);
  if (!small) return null;
  return { content: { bytes }, format, width, height, thumbnail: { content: { bytes: small }, format: thumbnail.format } };
}
