import type { ResultFormat } from "@star-graph/shared/task";
import { mp4Boxes } from "./mp4-boxes.ts";

/**
 * The same picture or video without what was written beside it: engines leave prompts and whole workflows there, cameras a
 * place. What it takes to show it rightly stays (colours, not the orientation). What cannot be read comes back as it is.
 */
export function stripMetadata(bytes: Uint8Array, format: ResultFormat): Uint8Array {
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

const PNG_TEXTS = new Set(["tEXt", "zTXt", "iTXt", "eXIf", "tIME"]);

function stripPng(file: Buffer): Buffer {
  const parts = [file.subarray(0, 8)];
  for (let at = 8; at + 12 <= file.length;) {
    const end = at + 12 + file.readUInt32BE(at);
    if (end > file.length) return file;
    const name = file.toString("latin1", at + 4, at + 8);
    // Chunks of nobody's making whose names begin small may be left out by anybody; animation begins small too.
    const isNote = PNG_TEXTS.has(name);
    if (!isNote) parts.push(file.subarray(at, end));
    at = end;
    if (name === "IEND") return Buffer.concat(parts);
  }
  return file;
}

/** APP0 (JFIF), APP2 (colour profile) and APP14 (how colours are stored) are needed to show it. */
const JPEG_KEPT = new Set([0xe0, 0xe2, 0xee]);

function stripJpeg(file: Buffer): Buffer {
  const parts = [file.subarray(0, 2)];
  for (let at = 2; at + 4 <= file.length;) {
    if (file[at] !== 0xff) return file;
    const marker = file[at + 1] ?? 0;
    // Padding before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (end > file.length) return file;
    // Start of scan: the picture itself, to the end.
    if (marker === 0xda) return Buffer.concat([...parts, file.subarray(at)]);
    const isNote = (marker >= 0xe0 && marker <= 0xef && !JPEG_KEPT.has(marker)) || marker === 0xfe;
    if (!isNote) parts.push(file.subarray(at, end));
    at = end;
  }
  return file;
}

const WEBP_NOTES = new Set(["EXIF", "XMP "]);
/** In VP8X's flags: that such chunks follow. */
const WEBP_NOTE_FLAGS = 0x08 | 0x04;

function stripWebp(file: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 12; at + 8 <= file.length;) {
    const length = file.readUInt32LE(at + 4);
    const end = Math.min(file.length, at + 8 + length + (length % 2));
    if (at + 8 + length > file.length) return file;
    const name = file.toString("latin1", at, at + 4);
    const chunk = name === "VP8X" ? Buffer.from(file.subarray(at, end)) : file.subarray(at, end);
    if (name === "VP8X" && chunk.length > 8) chunk.writeUInt8(chunk.readUInt8(8) & ~WEBP_NOTE_FLAGS, 8);
    if (!WEBP_NOTES.has(name)) parts.push(chunk);
    at = end;
  }
  const body = Buffer.concat(parts);
  const header = Buffer.from(file.subarray(0, 12));
  header.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([header, body]);
}

const MP4_NOTES = new Set(["udta", "meta", "uuid"]);
const MP4_HOLDERS = new Set(["moov", "trak", "mdia", "moof", "traf"]);

/** Notes become free space of the same length, so that no place in the file moves. */
function stripMp4(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  const blank = (from: number, to: number): void => {
    for (const { name, start, end } of mp4Boxes(copy, from, to)) {
      if (MP4_HOLDERS.has(name)) blank(start + 8, end);
      if (!MP4_NOTES.has(name) && name !== "free" && name !== "skip") continue;
      const header = copy.readUInt32BE(start) === 1 ? 16 : 8;
      copy.write("free", start + 4, "latin1");
      copy.fill(0, start + header, end);
    }
  };
  blank(0, copy.length);
  return copy;
}
