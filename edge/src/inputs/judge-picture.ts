import type { AppError } from "@star-graph/shared/errors";
import { inspectPicture } from "../files/inspect.ts";
import { fieldError } from "../http/field-error.ts";
import { endOfJpeg } from "./whole-jpeg.ts";
import { endOfPng } from "./whole-png.ts";

/** Spec 9.2, E005. */
export const MAX_INPUT_BYTES = 10 * 1024 * 1024;
/** What a decoder may be made to hold: a few kilobytes can promise a thousand times that. */
const MAX_PIXELS = 64_000_000;
const MAX_SIDE = 16_384;

export interface Picture {
  /** Up to its end: what a file holds behind it is no part of the picture, and is neither judged nor kept. */
  bytes: Uint8Array<ArrayBuffer>;
  format: "PNG" | "JPEG";
  width: number;
  height: number;
}

/**
 * What the bytes of an input picture are, whatever their name or sender says.
 * @param field named in the refusal.
 * @throws {AppError} `UNSUPPORTED_IMAGE` unless it is a whole PNG or JPEG, `FILE_TOO_LARGE` in bytes or in pixels.
 */
export function judgePicture(bytes: Uint8Array<ArrayBuffer>, field: string): Picture {
  if (bytes.length > MAX_INPUT_BYTES) throw tooLarge(field);
  const seen = inspectPicture(bytes);
  if (!seen || (seen.format !== "PNG" && seen.format !== "JPEG")) {
    throw fieldError("UNSUPPORTED_IMAGE", field, { zh: "图片必须是 PNG 或 JPEG", en: "the picture must be a PNG or JPEG" });
  }
  const { format, width, height } = seen;
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    const size = `${width}×${height}`;
    throw fieldError("FILE_TOO_LARGE", field, { zh: `图片像素过多（${size}）`, en: `the picture has too many pixels (${size})` });
  }
  const end = format === "PNG" ? endOfPng(bytes) : endOfJpeg(bytes);
  if (end === null) {
    throw fieldError("UNSUPPORTED_IMAGE", field, { zh: "图片不完整或已损坏", en: "the picture is cut off or broken" });
  }
  return { bytes: bytes.subarray(0, end), format, width, height };
}

export function tooLarge(field: string): AppError {
  return fieldError("FILE_TOO_LARGE", field, { zh: "图片超过 10 MB", en: "the picture is larger than 10 MB" });
}
