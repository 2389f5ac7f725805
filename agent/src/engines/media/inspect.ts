import type { ResultFormat } from "@star-graph/shared/task";
import { imageSize } from "image-size";
import { findBox, mp4Boxes } from "./mp4-boxes.ts";

export interface Sides {
  width: number;
  height: number;
}

/** What the bytes themselves say; the name of a file is not believed. */
export interface Media extends Sides {
  format: ResultFormat;
}

const FORMATS: Readonly<Record<string, ResultFormat>> = { png: "PNG", jpg: "JPEG", webp: "WEBP" };

/** Format and pixels of a picture or video, or null when it is none of those that can be handed out. */
export function inspectMedia(bytes: Uint8Array): Media | null {
  const video = inspectMp4(bytes);
  if (video) return { format: "MP4", ...video };
  try {
    const { type, width, height } = imageSize(bytes);
    const format = FORMATS[type ?? ""];
    return format && width > 0 && height > 0 ? { format, width, height } : null;
  } catch {
    // The library throws on what it cannot read: that is the answer.
    return null;
  }
}

/** The brand of a file that begins like an MP4 and is Apple's own, with codecs that only its players know. */
const QUICKTIME = "qt  ";

/** ISO 14496-12, 8.3.2: the last two fields of the first `tkhd` that has a size, in 16.16 fixed point. Sound has none. */
function inspectMp4(bytes: Uint8Array): { width: number; height: number } | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const top = mp4Boxes(file, 0, file.length);
  const moov = findBox(top, "moov");
  if (top[0]?.name !== "ftyp" || !moov || file.toString("latin1", 8, 12) === QUICKTIME) return null;
  for (const track of mp4Boxes(file, moov.start + 8, moov.end)) {
    const header = track.name === "trak" ? findBox(mp4Boxes(file, track.start + 8, track.end), "tkhd") : undefined;
    if (!header || header.end - header.start < 8) continue;
    const [width, height] = [file.readUInt16BE(header.end - 8), file.readUInt16BE(header.end - 4)];
    if (width > 0 && height > 0) return { width, height };
  }
  return null;
}
