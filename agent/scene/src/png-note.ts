/** A text chunk in a PNG that says how the picture came about, so that it can be changed later. */
import { crc32 } from "node:zlib";

const KEYWORD = "stargraph-scene";
const SIGNATURE_LENGTH = 8;
/** Length, type and checksum of a chunk. */
const CHUNK_OVERHEAD = 12;
const HEADER_CHUNK_LENGTH = CHUNK_OVERHEAD + 13;
const LONGEST_NOTE = 20_000;
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** @param note Latin-1 text. */
export function withPngNote(png: Uint8Array, note: string): Uint8Array {
  const content = Buffer.from(`tEXt${KEYWORD}\0${note}`, "latin1");
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), content.length + 4);
  // Right after the header, where readers that stop at the first pixel still see it.
  const cut = SIGNATURE_LENGTH + HEADER_CHUNK_LENGTH;
  return Buffer.concat([png.subarray(0, cut), chunk, png.subarray(cut)]);
}

/** @returns null when the bytes are no PNG or hold no such note. */
export function readPngNote(bytes: Uint8Array): string | null {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!png.subarray(0, SIGNATURE_LENGTH).equals(PNG_SIGNATURE)) return null;
  for (let start = SIGNATURE_LENGTH; start + CHUNK_OVERHEAD <= png.length;) {
    const length = png.readUInt32BE(start);
    const type = png.toString("latin1", start + 4, start + 8);
    if (type === "IDAT") return null;
    const content = png.subarray(start + 8, start + 8 + length);
    if (type === "tEXt" && length < LONGEST_NOTE) {
      const text = content.toString("latin1");
      if (text.startsWith(`${KEYWORD}\0`)) return text.slice(KEYWORD.length + 1);
    }
    start += length + CHUNK_OVERHEAD;
  }
  return null;
}
