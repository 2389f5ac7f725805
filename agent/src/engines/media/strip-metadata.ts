import type { ResultFormat } from "@star-graph/shared/task";
import { stripJpeg } from "./strip-jpeg.ts";
import { stripMp4 } from "./strip-mp4.ts";
import { stripPng } from "./strip-png.ts";
import { stripWebp } from "./strip-webp.ts";

/**
 * The same picture or video without what was written beside it: engines leave prompts and whole workflows there, cameras a
 * place. Only what it takes to show it rightly stays (colours, not the orientation), because anybody may invent a place for
 * notes.
 * @returns null when it cannot be read: what is in it is not known then.
 */
export function stripMetadata(bytes: Uint8Array, format: ResultFormat): Uint8Array | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case "PNG":
      return stripPng(file);
    case "JPEG":
      return stripJpeg(file);
    case "WEBP":
      return stripWebp(file);
    case "MP4":
      return stripMp4(file);
  }
}
