/** MP4 files of a few boxes: enough to say what they are, nothing to play. */

const u32 = (n: number): Uint8Array => Uint8Array.of(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
const u8s = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));

export function box(name: string, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = u8s(...parts);
  return u8s(u32(8 + body.length), Buffer.from(name, "latin1"), body);
}

/** The head of a box that says it is that long, and nothing of what it holds. */
export const boxHead = (name: string, length: number): Uint8Array => u8s(u32(length), Buffer.from(name, "latin1"));

export const FTYP = box("ftyp", Buffer.from("isom"), u32(512), Buffer.from("isomavc1"));

/** @param version 1 has times of eight bytes. */
export function track(width: number, height: number, version: 0 | 1 = 0): Uint8Array {
  const before = new Uint8Array(version === 1 ? 84 : 72);
  return box("trak", box("tkhd", Uint8Array.of(version, 0, 0, 7), before, u32(width * 65536), u32(height * 65536)), box("mdia"));
}

export const moov = (...tracks: Uint8Array[]): Uint8Array<ArrayBuffer> => box("moov", box("mvhd", new Uint8Array(100)), ...tracks);

export const anMp4 = (width: number, height: number): Uint8Array<ArrayBuffer> =>
  u8s(FTYP, moov(track(width, height)), box("mdat", new Uint8Array(99)));
