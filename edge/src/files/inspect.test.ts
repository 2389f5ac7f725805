import { describe, expect, test } from "vitest";
import { inspectPicture } from "./inspect.ts";

const ascii = (text: string) => [...Buffer.from(text, "latin1")];
const u32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const u16 = (n: number) => [n >>> 8, n & 255];

/** The heads of pictures: signatures and sizes as their formats have them, no pixels. */
const PNG = (width: number, height: number) =>
  new Uint8Array([
    0x89,
    ...ascii("PNG\r\n"),
    0x1a,
    0x0a,
    ...u32(13),
    ...ascii("IHDR"),
    ...u32(width),
    ...u32(height),
    8,
    6,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
const JPEG = (width: number, height: number) => {
  const jfif = [0xff, 0xe0, ...u16(16), ...ascii("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0];
  const frame = [0xff, 0xc0, ...u16(17), 8, ...u16(height), ...u16(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
  return new Uint8Array([0xff, 0xd8, ...jfif, ...frame, 0xff, 0xda, ...u16(12), ...Array<number>(64).fill(0)]);
};
const WEBP = (width: number, height: number) => {
  const [w, h] = [width - 1, height - 1];
  const size = [10, 0, 0, 0, 0, 0, 0, 0, w & 255, (w >>> 8) & 255, w >>> 16, h & 255, (h >>> 8) & 255, h >>> 16];
  return new Uint8Array([...ascii("RIFF"), 100, 0, 0, 0, ...ascii("WEBPVP8X"), ...size, ...Array<number>(32).fill(0)]);
};
const GIF = new Uint8Array([...ascii("GIF89a"), 4, 0, 4, 0, 0, 0, 0, 0, 0, 0]);

describe("the head of a picture", () => {
  test.each([
    ["PNG", PNG(1024, 768)],
    ["JPEG", JPEG(1024, 768)],
    ["WEBP", WEBP(1024, 768)],
  ] as const)("of a %s says its format and size", (format, head) => {
    expect(inspectPicture(head)).toEqual({ format, width: 1024, height: 768 });
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["text", new Uint8Array(ascii("<svg width='8' height='8' xmlns='http://www.w3.org/2000/svg'></svg>"))],
    ["noise", Uint8Array.from({ length: 4096 }, (_, index) => (index * 131) % 251)],
    ["a GIF, which no result is", GIF],
    ["a picture of no size", PNG(0, 768)],
  ])("is no picture when it is %s", (_what, head) => {
    expect(inspectPicture(head)).toBeNull();
  });

  test.each([
    ["PNG", PNG(8, 8)],
    ["JPEG", JPEG(8, 8)],
    ["WEBP", WEBP(8, 8)],
  ] as const)("of a %s cut at any byte is the same picture or none, and never an exception", (format, head) => {
    for (let length = 0; length < head.length; length++) {
      expect([null, { format, width: 8, height: 8 }]).toContainEqual(inspectPicture(head.subarray(0, length)));
    }
  });
});
