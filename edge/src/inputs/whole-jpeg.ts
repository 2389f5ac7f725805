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
