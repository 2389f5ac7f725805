import type { ResultFormat } from "@star-graph/shared/task";
import { imageSize } from "image-size";
import { inspectMp4 } from "./inspect-video.ts";

/** What the bytes themselves say; a name or a header of the sender is never believed. */
export interface Inspected {
  format: ResultFormat;
  width: number;
  height: number;
}

/** Enough of a file to hold the headers of every picture format that is accepted. */
export const HEAD_BYTES = 64 * 1024;

const FORMATS: Record<string, ResultFormat> = { png: "PNG", jpg: "JPEG", webp: "WEBP" };

export const EXTENSIONS: Record<ResultFormat, string> = { PNG: "png", JPEG: "jpg", WEBP: "webp", MP4: "mp4" };
export const CONTENT_TYPES: Record<ResultFormat, string> = { PNG: "image/png", JPEG: "image/jpeg", WEBP: "image/webp", MP4: "video/mp4" };

/** Format and size of a result from its first bytes: a picture, or an MP4 whose header comes first, as it must to be played from a URL. */
export function inspectResult(head: Uint8Array): Inspected | null {
  const video = inspectMp4(head);
  return video ? { format: "MP4", ...video } : inspectPicture(head);
}

/** Format and size of a picture from its first bytes, or null when it is none of a kind that is served. */
export function inspectPicture(head: Uint8Array): Inspected | null {
  try {
    const { type, width, height } = imageSize(head);
    const format = FORMATS[type ?? ""];
    return format && width > 0 && height > 0 ? { format, width, height } : null;
  } catch {
    // The library throws on what it cannot read: that is the answer.
    return null;
  }
}
