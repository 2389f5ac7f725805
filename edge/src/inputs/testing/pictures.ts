import { crc32, deflateSync } from "node:zlib";

/** Pictures that are whole, of any size, without pixels worth looking at. */

const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const u16 = (n: number): number[] => [n >>> 8, n & 255];
const ascii = (text: string): number[] => [...Buffer.from(text, "latin1")];

function chunk(name: string, data: number[]): number[] {
  const checked = [...ascii(name), ...data];
  return [...u32(data.length), ...checked, ...u32(crc32(new Uint8Array(checked)))];
}

/** RGBA of a PNG as it is packed into its chunks. A picture of more than its judges unpack only begins as zlib does. */
export function pixelsOf(width: number, height: number): number[] {
  const rows = height * (1 + width * 4);
  return rows > 32 * 1024 * 1024 ? [0x78, 0x9c, 1, 2, 3] : [...deflateSync(new Uint8Array(rows))];
}

export function PNG(width: number, height: number, data: number[] = pixelsOf(width, height)): Uint8Array<ArrayBuffer> {
  const header = chunk("IHDR", [...u32(width), ...u32(height), 8, 6, 0, 0, 0]);
  return new Uint8Array([0x89, ...ascii("PNG\r\n"), 0x1a, 0x0a, ...header, ...chunk("IDAT", data), ...chunk("IEND", [])]);
}

/** With a thumbnail's own end marker inside a segment, a stuffed mark and a restart among its pixels. */
export function JPEG(width: number, height: number): Uint8Array<ArrayBuffer> {
  const thumbnail = [0xff, 0xd8, 0xff, 0xd9];
  const exif = [0xff, 0xe1, ...u16(2 + 6 + thumbnail.length), ...ascii("Thumb\0"), ...thumbnail];
  const jfif = [0xff, 0xe0, ...u16(16), ...ascii("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0];
  const frame = [0xff, 0xc0, ...u16(17), 8, ...u16(height), ...u16(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
  const scan = [0xff, 0xda, ...u16(8), 1, 1, 0, 0, 63, 0];
  return new Uint8Array([0xff, 0xd8, ...jfif, ...exif, ...frame, ...scan, 7, 0xff, 0x00, 8, 0xff, 0xd0, 9, 0xff, 0xff, 0xd9]);
}
