import { findBox, mp4Boxes } from "./mp4-boxes.ts";

/** Boxes on the way from `moov` to the tables of chunk offsets (ISO 14496-12). */
const CONTAINERS = new Set(["moov", "trak", "mdia", "minf", "stbl"]);

/**
 * The same video with its index before its pictures. Encoders write it last; but the edge measures a file by its first
 * bytes, and a player can begin only once it has it. What is no MP4, or has it first already, comes back as it is.
 */
export function withMoovFirst(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const top = mp4Boxes(file, 0, file.length);
  const ftyp = findBox(top, "ftyp");
  const moov = findBox(top, "moov");
  const mdat = findBox(top, "mdat");
  if (!ftyp || !moov || !mdat || moov.start < mdat.start) return bytes;
  const index = Buffer.from(file.subarray(moov.start, moov.end));
  shiftChunks(index, 0, index.length, index.length);
  return Buffer.concat([file.subarray(0, ftyp.end), index, file.subarray(ftyp.end, moov.start), file.subarray(moov.end)]);
}

/** `stco` and `co64` say where in the file each chunk begins: all of them lie behind the index now. */
function shiftChunks(file: Buffer, from: number, to: number, by: number): void {
  for (const { name, start, end } of mp4Boxes(file, from, to)) {
    if (CONTAINERS.has(name)) shiftChunks(file, start + 8, end, by);
    if (name !== "stco" && name !== "co64") continue;
    const width = name === "stco" ? 4 : 8;
    const count = file.readUInt32BE(start + 12);
    for (let at = start + 16; at < start + 16 + count * width && at + width <= end; at += width) {
      if (width === 4) file.writeUInt32BE(file.readUInt32BE(at) + by, at);
      else file.writeBigUInt64BE(file.readBigUInt64BE(at) + BigInt(by), at);
    }
  }
}
