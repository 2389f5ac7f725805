import { crc32 } from "node:zlib";

/** Where a picture ends in its file, if the file goes on that far: one that was cut off would only fail on a GPU box, and be paid for in its time. */

const PNG_SIGNATURE_BYTES = 8;
/** Length, name and checksum around each chunk's data. */
const CHUNK_FRAME_BYTES = 12;
const IHDR = 0x49484452;
const IDAT = 0x49444154;
const IEND = 0x49454e44;

/**
 * Follows the chunks to IEND. The header must match its checksum, and the pixels must begin as zlib data does; what that
 * holds is left to the decoder.
 * @returns where IEND ends, or null when this is no whole PNG.
 */
export function endOfPng(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!hasPngHeader(bytes, view)) return null;
  // Pixels may be cut into chunks anywhere, even within these two bytes.
  const zlibHeader: number[] = [];
  for (let at = PNG_SIGNATURE_BYTES; at + CHUNK_FRAME_BYTES <= bytes.length;) {
    const name = view.getUint32(at + 4);
    const end = at + CHUNK_FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) return null;
    if (name === IDAT && zlibHeader.length < 2) zlibHeader.push(...bytes.subarray(at + 8, Math.min(end - 4, at + 10)));
    if (name === IEND) return isZlibHeader(zlibHeader) ? end : null;
    at = end;
  }
  return null;
}

/** IHDR comes first, 13 bytes of data; its checksum covers its name and them. */
function hasPngHeader(bytes: Uint8Array, view: DataView): boolean {
  if (bytes.length < PNG_SIGNATURE_BYTES + CHUNK_FRAME_BYTES + 13) return false;
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== IHDR) return false;
  return crc32(bytes.subarray(12, 29)) === view.getUint32(29);
}

/** RFC 1950: deflate, and a check that makes the two bytes a multiple of 31. */
function isZlibHeader([method, flags]: readonly number[]): boolean {
  return method !== undefined && flags !== undefined && (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

const MARK = 0xff;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const STUFFED = 0x00;
/** RST0 to RST7 and TEM stand alone, without a length. */
const standsAlone = (marker: number): boolean => (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;

/**
 * Follows the segments, and the pixels between them, to the end-of-image marker. Thumbnails inside segments are passed over.
 * @returns where that marker ends, or null when this is no whole JPEG.
 */
export function endOfJpeg(bytes: Uint8Array): number | null {
  if (bytes[0] !== MARK || bytes[1] !== SOI) return null;
  let hasPixels = false;
  for (let at = 2; at + 1 < bytes.length;) {
    if (bytes[at] !== MARK) return null;
    const marker = bytes[at + 1] ?? MARK;
    if (marker === EOI) return hasPixels ? at + 2 : null;
    if (marker === MARK) at += 1;
    else if (standsAlone(marker)) at += 2;
    else {
      if (marker === SOS) hasPixels = true;
      const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      if (length < 2) return null;
      at += 2 + length;
      if (marker === SOS) at = nextMarker(bytes, at);
    }
  }
  return null;
}

/** The first marker behind coded pixels; in them, a mark is stuffed with a zero or is a restart. */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MARK, from); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const marker = bytes[at + 1] ?? MARK;
    if (marker !== STUFFED && marker !== MARK && !standsAlone(marker)) return at;
  }
  return bytes.length;
}
