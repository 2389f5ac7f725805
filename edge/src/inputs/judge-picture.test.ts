import { describe, expect, test } from "vitest";
import { decodeBase64 } from "./decode-base64.ts";
import { judgePicture, MAX_INPUT_BYTES } from "./judge-picture.ts";
import { JPEG, PNG } from "./testing/pictures.ts";

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const GIF = bytesOf("GIF89a\x04\x00\x04\x00\x00\x00\x00;");
const WEBP = bytesOf("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00");

describe("an input picture", () => {
  test.each([
    ["PNG", PNG(640, 480)],
    ["JPEG", JPEG(640, 480)],
  ] as const)("that is a whole %s is measured by its bytes", (format, bytes) => {
    expect(judgePicture(bytes, "imageUrl")).toEqual({ bytes, format, width: 640, height: 480 });
    const withMore = new Uint8Array([...bytes, 0, 0, 0]);
    expect(judgePicture(withMore, "imageUrl").bytes, "with something behind its end").toEqual(bytes);
  });

  test.each([
    ["PNG", PNG(8, 8)],
    ["JPEG", JPEG(8, 8)],
  ] as const)("that is a %s cut off anywhere is no picture", (_format, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => judgePicture(bytes.slice(0, length), "imageUrl"), `${length} bytes`).toThrow(
        expect.objectContaining({ errorName: "UNSUPPORTED_IMAGE", issues: [expect.objectContaining({ path: "imageUrl" })] }),
      );
    }
  });

  test.each([
    ["a GIF", GIF],
    ["a WebP", WEBP],
    ["an SVG", bytesOf("<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'/>")],
    ["a page", bytesOf("<!doctype html>")],
    ["nothing", new Uint8Array()],
    ["a PNG whose chunk is longer than the file", PNG(8, 8).map((byte, at) => (at === 33 ? 0x7f : byte))],
    ["a PNG without pixels", new Uint8Array([...PNG(8, 8).slice(0, 33), ...PNG(8, 8).slice(-12)])],
    ["a PNG whose header does not match its checksum", PNG(8, 8).map((byte, at) => (at === 19 ? 9 : byte))],
    ["a PNG whose header's checksum is wrong", PNG(8, 8).map((byte, at) => (at === 32 ? byte ^ 1 : byte))],
    ["a PNG whose pixels are no zlib data", PNG(8, 8, [1, 2, 3])],
    ["a PNG whose pixels are packed by another method", PNG(8, 8, [0x77, 0x85, 3])],
    ["a PNG whose zlib check is wrong", PNG(8, 8, [0x78, 0x9d, 3])],
    ["noise", Uint8Array.from({ length: 4096 }, (_, at) => (at * 131) % 251)],
  ])("that is %s is E004", (_what, bytes) => {
    expect(() => judgePicture(bytes, "imageUrl")).toThrow(expect.objectContaining({ errorName: "UNSUPPORTED_IMAGE" }));
  });

  test.each([
    [30_000, 30_000],
    [16_385, 1],
    [1, 16_385],
    [8001, 8001],
    [0xffffffff, 0xffffffff],
  ])("that promises %i × %i pixels is E005, however small its file", (width, height) => {
    expect(() => judgePicture(PNG(width, height), "imageUrl")).toThrow(expect.objectContaining({ errorName: "FILE_TOO_LARGE" }));
  });

  test("that is a PNG may have its pixels cut into chunks anywhere", () => {
    const whole = PNG(8, 8, [0x78]);
    const idat = 33;
    const next = PNG(8, 8, [0x9c, 1]).slice(idat);
    const bytes = new Uint8Array([...whole.slice(0, -12), ...PNG(8, 8, []).slice(idat, -12), ...next]);
    expect(judgePicture(bytes, "imageUrl").bytes).toEqual(bytes);
    expect(() => judgePicture(whole, "imageUrl")).toThrow(expect.objectContaining({ errorName: "UNSUPPORTED_IMAGE" }));
  });

  test("may have 10 MB and no byte more", () => {
    const padded = (bytes: number) => {
      const picture = new Uint8Array(bytes);
      picture.set(PNG(8, 8));
      return picture;
    };
    expect(judgePicture(padded(MAX_INPUT_BYTES), "imageUrl")).toMatchObject({ format: "PNG" });
    expect(() => judgePicture(padded(MAX_INPUT_BYTES + 1), "imageUrl")).toThrow(expect.objectContaining({ errorName: "FILE_TOO_LARGE" }));
  });
});

describe("a picture in base64", () => {
  const picture = PNG(8, 8, [0xfb, 0xff, 0xfe, 0x3e]);
  const base64 = Buffer.from(picture).toString("base64");

  test.each([
    ["bare", base64],
    ["as a data: URL", `data:image/png;base64,${base64}`],
    ["as a data: URL of another kind", `data:text/html;charset=utf-8;base64,${base64}`],
    ["in lines", base64.replaceAll(/(.{20})/g, "$1\r\n")],
    ["in the URL alphabet, unpadded", Buffer.from(picture).toString("base64url")],
  ])("is understood %s", (_how, text) => {
    expect(decodeBase64(text, "imageBase64")).toEqual(picture);
  });

  test.each(["", " ", "data:image/png;base64,", "data:image/png,abcd", "http://a.test/b.png", "ab=c", "abcde", "图片", "ab\u0000d"])(
    "%j is a bad request",
    (text) => {
      expect(() => decodeBase64(text, "imageBase64")).toThrow(
        expect.objectContaining({ errorName: "BAD_REQUEST", issues: [expect.objectContaining({ path: "imageBase64" })] }),
      );
    },
  );

  test("of more than 10 MB is E005 before it is decoded", () => {
    const text = "A".repeat(Math.ceil((MAX_INPUT_BYTES + 3) / 3) * 4);
    expect(() => decodeBase64(text, "imageBase64")).toThrow(expect.objectContaining({ errorName: "FILE_TOO_LARGE" }));
  });
});
