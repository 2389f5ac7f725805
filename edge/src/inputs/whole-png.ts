import { crc32, inflateSync } from "node:zlib";

const SIGNATURE_BYTES = 8;
/** Length, name and checksum around each chunk's data. */
const CHUNK_FRAME_BYTES = 12;
const IHDR = 0x49484452;
const IDAT = 0x49444154;
const IEND = 0x49454e44;
/** Chunks that nobody needs to show the picture have a small first letter; decoders pass over broken ones. */
const ANCILLARY = 0x20000000;
/** Pixels are unpacked up to this, some 50 ms; of more, the checksums have to do. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

/**
 * Follows the chunks to IEND, with their checksums, and unpacks the pixels where that is cheap: a picture that was cut off or
 * broken on its way would only fail on a GPU box, and be paid for in its time.
 * @returns where IEND ends, or null when this is no whole PNG.
 */
export function endOfPng(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < SIGNATURE_BYTES + CHUNK_FRAME_BYTES + 13 || view.getUint32(8) !== 13 || view.getUint32(12) !== IHDR) return null;
  const pixels: Uint8Array[] = [];
  for (let at = SIGNATURE_BYTES; at + CHUNK_FRAME_BYTES <= bytes.length;) {
    const name = view.getUint32(at + 4);
    const end = at + CHUNK_FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) return null;
    if ((name & ANCILLARY) === 0 && crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) return null;
    if (name === IDAT) pixels.push(bytes.subarray(at + 8, end - 4));
    if (name === IEND) return hasAllPixels(pixels, unpackedBytes(view)) ? end : null;
    at = end;
  }
  return null;
}

/** Chunks may be cut anywhere, even within zlib's first two bytes. */
function hasAllPixels(chunks: readonly Uint8Array[], expectedBytes: number | null): boolean {
  if (expectedBytes === null) return false;
  const packed = Buffer.concat(chunks);
  if (!isZlibHeader(packed)) return false;
  if (expectedBytes > MAX_UNPACKED_BYTES) return true;
  try {
    // More than the header promises ends here too.
    return inflateSync(packed, { maxOutputLength: expectedBytes }).length === expectedBytes;
  } catch {
    return false;
  }
}

/** RFC 1950: deflate, and a check that makes the two bytes a multiple of 31. */
function isZlibHeader([method, flags]: Uint8Array): boolean {
  return method !== undefined && flags !== undefined && (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** Values of one pixel, by colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** First column and row of each pass of Adam7, and the steps between them. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** How many bytes the pixels are once unpacked, each row behind its filter; null when the header says what cannot be. */
function unpackedBytes(view: DataView): number | null {
  const [width, height, depth, colour, interlaced] = [
    view.getUint32(16),
    view.getUint32(20),
    view.getUint8(24),
    view.getUint8(25),
    view.getUint8(28),
  ];
  const channels = CHANNELS[colour];
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth) || interlaced > 1) return null;
  const rows = (columns: number, lines: number) => (columns === 0 ? 0 : lines * (1 + Math.ceil((columns * channels * depth) / 8)));
  if (interlaced === 0) return rows(width, height);
  const passes = ADAM7.map(([x, y, dx, dy]) => rows(Math.ceil(Math.max(0, width - x) / dx), Math.ceil(Math.max(0, height - y) / dy)));
  return passes.reduce((sum, size) => sum + size, 0);
}
