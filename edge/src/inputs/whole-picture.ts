/** Whether a picture's file goes on to its end: one that was cut off would only fail on a GPU box, and be paid for in its time. */

const PNG_SIGNATURE_BYTES = 8;
/** Length, name and checksum around each chunk's data. */
const CHUNK_FRAME_BYTES = 12;
const IDAT = 0x49444154;
const IEND = 0x49454e44;

/** Follows the chunks to IEND. What stands behind it is no part of the picture. */
export function isWholePng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hasPixels = false;
  for (let at = PNG_SIGNATURE_BYTES; at + CHUNK_FRAME_BYTES <= bytes.length;) {
    const name = view.getUint32(at + 4);
    const end = at + CHUNK_FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) return false;
    if (name === IDAT) hasPixels = true;
    if (name === IEND) return hasPixels;
    at = end;
  }
  return false;
}

const MARK = 0xff;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const STUFFED = 0x00;
/** RST0 to RST7 and TEM stand alone, without a length. */
const standsAlone = (marker: number): boolean => (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;

/** Follows the segments, and the pixels between them, to the end-of-image marker. Thumbnails inside segments are passed over. */
export function isWholeJpeg(bytes: Uint8Array): boolean {
  if (bytes[0] !== MARK || bytes[1] !== SOI) return false;
  let hasPixels = false;
  for (let at = 2; at + 1 < bytes.length;) {
    if (bytes[at] !== MARK) return false;
    const marker = bytes[at + 1] ?? MARK;
    if (marker === EOI) return hasPixels;
    if (marker === MARK) at += 1;
    else if (standsAlone(marker)) at += 2;
    else {
      if (marker === SOS) hasPixels = true;
      const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      if (length < 2) return false;
      at += 2 + length;
      if (marker === SOS) at = nextMarker(bytes, at);
    }
  }
  return false;
}

/** The first marker behind coded pixels; in them, a mark is stuffed with a zero or is a restart. */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MARK, from); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const marker = bytes[at + 1] ?? MARK;
    if (marker !== STUFFED && marker !== MARK && !standsAlone(marker)) return at;
  }
  return bytes.length;
}
