import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeBase64 } from "./decode-base64.ts";
import { judgePicture, MAX_INPUT_BYTES } from "./judge-picture.ts";
import { JPEG, pixelsOf, PNG } from "./testing/pictures.ts";

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const GIF = bytesOf("GIF89a\x04\x00\x04\x00\x00\x00\x00;");
const WEBP = bytesOf("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00");

/** As libpng writes them, by colour type, depth and order of rows. */
const ENCODED: Readonly<Record<string, string>> = {
  "palette-1":
    "iVBORw0KGgoAAAANSUhEUgAAAAsAAAAFAQMAAACpaIQVAAAABlBMVEX///8AAABVwtN+AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAF0lEQVQImWN4eIBBRoHhcAODRQJDOwMAJc8EQCr/LIgAAAAASUVORK5CYII=",
  "gray-16":
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADEAAAAAAuzUZnAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAKklEQVQImWNgYFBV9fLKz58yhWHnznv3mJk1NHx9GYqKpk/fs+fhQzY2ALOaDFvCHBxIAAAAAElFTkSuQmCC",
  "palette-4":
    "iVBORw0KGgoAAAANSUhEUgAAAAkAAAAEBAMAAACuIQj9AAAAMFBMVEUsUXYEKE3iBivA5QmbwOVRdptjia5BZozT+ByGq9D1GT5wlbqx1vt4ncIbQGUSN1xsGExtAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAIElEQVQImWOQVjVwvMCgauA/K4Gh/dysjAKGA46bghkAVpwH7ftw+28AAAAASUVORK5CYII=",
  "rgb-8":
    "iVBORw0KGgoAAAANSUhEUgAAAAcAAAADCAIAAADQoYKSAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAATUlEQVQImQFCAL3/AAAlSm+Uud4DKE1yl7zhBitQdZq/5AAJLlN4ncLnDDFWe6DF6g80WX6jyO0AEjdcgabL8BU6X4SpzvMYPWKHrNH2nvoeRktXcnUAAAAASUVORK5CYII=",
  "rgb-8-interlaced":
    "iVBORw0KGgoAAAANSUhEUgAAAA0AAAALCAIAAAFc16CgAAAACXBIWXMAAAPoAAAD6AG1e1JrAAABw0lEQVQYlWNgUPWqmHuIQcI2acLWWwx7HrKZRNYxXPkp51M4jaFn4zWP3Eksmn4HnnIx3GPWmLX/SVj1Aoas/i1q3gWP2HUYvkk7bLr+J2/yDga37AkqnnlM6j4PWLX2PeaYc/BZ1fwjDJe+y2y4+qtv842cidu88qdo+BaxaQcwxDWvsElsk7JP+SHrdO23wpab/yZtv8OQP2Wnb9F07YBSTr3g5zyGR1/xM2y99X/yjruF03b7l8zUDSrnNghl+K3gevOf8vY7jFN33S+esTewbDaDY1q3vEvmXyX32wyqO+8xT9/zkKF9zcXUrvXOGb2Kbtn/VTzvMqkznP0kvvrC1851l9N7Nrpm9St75DIsPvFWyDymcdnpD6JW8S0rz32WsE1qX3Pxm7RDatf6Kz/lnDN6N13/o8jwks84onbR8TeCZtENS0+9F7GMa15x9pO4TWLb6gtfpexTOtdd/iHrlM6gH1I57/ALXqPwmoXHXguYRtUvOflO2CK2afmZj2LWCa2rzn+RtEvuWMtQOmv/E0694Iq5h57zGIZVLzj6it8ksg7DNQy7H7Bq+ZfM3PeYQzeofM7BZ9wGoVXzj2C4BgBlRdXXPvWqrAAAAABJRU5ErkJggg==",
  "rgba-8":
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAdElEQVQImQFpAJb/AAAAACVKSkpvlJSUud7e3gMoKChNAHJycpe8vLzhBgYGK1BQUHWampq/AOTk5AkuLi5TeHh4ncLCwucMDAwxAFZWVnugoKDF6urqDzQ0NFl+fn6jAMjIyO0SEhI3XFxcgaampsvw8PAV3Ygufg6YTS8AAAAASUVORK5CYII=",
  "tiny-interlaced":
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAFlEcHbAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAHklEQVQImWNgUPViuMeswZA/ZSeDb9H0PQ/ZtANKAUMlBx6A82FaAAAAAElFTkSuQmCC",
};

/** A header field changed, and its checksum with it. */
function withHeader(bytes: Uint8Array<ArrayBuffer>, at: number, value: number): Uint8Array<ArrayBuffer> {
  const changed = bytes.slice();
  changed[at] = value;
  new DataView(changed.buffer).setUint32(29, crc32(changed.subarray(12, 29)));
  return changed;
}

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
    ["a PNG with a broken byte among its pixels", PNG(8, 8).map((byte, at) => (at === 45 ? byte ^ 1 : byte))],
    ["a PNG whose pixels were cut off before they were packed into chunks", PNG(8, 8, pixelsOf(8, 8).slice(0, -1))],
    ["a PNG whose pixels' own checksum is wrong", PNG(8, 8, pixelsOf(8, 8).with(-1, 7))],
    ["a PNG with fewer pixels than its header promises", PNG(8, 8, pixelsOf(8, 7))],
    ["a PNG with more pixels than its header promises", PNG(8, 8, pixelsOf(800, 800))],
    ["a PNG of a colour type that does not exist", withHeader(PNG(8, 8), 25, 5)],
    ["a PNG of a depth that does not exist", withHeader(PNG(8, 8), 24, 3)],
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
    const pixels = pixelsOf(8, 8);
    const idat = 33;
    const chunkOf = (data: number[]) => PNG(8, 8, data).slice(idat, -12);
    const [whole, head, end] = [PNG(8, 8), PNG(8, 8).slice(0, idat), PNG(8, 8).slice(-12)];
    for (let at = 0; at <= pixels.length; at++) {
      const bytes = new Uint8Array([...head, ...chunkOf(pixels.slice(0, at)), ...chunkOf([]), ...chunkOf(pixels.slice(at)), ...end]);
      expect(judgePicture(bytes, "imageUrl").bytes).toEqual(bytes);
    }
    expect(() => judgePicture(PNG(8, 8, [0x78]), "imageUrl")).toThrow(expect.objectContaining({ errorName: "UNSUPPORTED_IMAGE" }));
    expect(judgePicture(whole, "imageUrl").bytes).toEqual(whole);
  });

  test.each(Object.keys(ENCODED))("that is a PNG of the kind %s, as an encoder makes it, is whole", (name) => {
    const bytes = new Uint8Array(Buffer.from(ENCODED[name] ?? "", "base64"));
    expect(judgePicture(bytes, "imageUrl").bytes).toEqual(bytes);
  });

  test("that is a PNG may have a broken chunk that no decoder needs", () => {
    const text = [0, 0, 0, 1, ...Buffer.from("tEXt", "latin1"), 65, 1, 2, 3, 4];
    const bytes = new Uint8Array([...PNG(8, 8).slice(0, 33), ...text, ...PNG(8, 8).slice(33)]);
    expect(judgePicture(bytes, "imageUrl").bytes).toEqual(bytes);
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
