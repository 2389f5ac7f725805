import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { aJpeg, anMp4, aPng, firstChunk, jpegWithNotes, pngWithNotes } from "../../../test/pictures.ts";
import { onCanvas } from "./canvas.ts";
import { inspectMedia } from "./inspect.ts";
import { measureColours } from "./measure-colours.ts";
import { posterOf } from "./poster.ts";
import { shrinkPicture } from "./shrink.ts";
import { stripMetadata } from "./strip-metadata.ts";
import { cleanMedia, withThumbnail } from "./to-file.ts";

const SECRET = "a prompt of somebody's, and a whole workflow";
const LIMITS = { maxSide: 256, maxBytes: 20 * 1024 };
const WITHOUT_SHARP = async () => null;
const exif = { IFD0: { ImageDescription: SECRET } };
const aWebp = () => sharp(aPng(40, 24)).withExif(exif).webp().toBuffer();

describe("what a file is, by its bytes", () => {
  test.each([
    ["PNG", aPng(30, 20), 30, 20],
    ["JPEG", aJpeg(31, 17), 31, 17],
    ["MP4", anMp4(640, 360), 640, 360],
  ])("%s", (format, bytes, width, height) => {
    expect(inspectMedia(bytes)).toEqual({ format, width, height });
  });

  test("WebP", async () => {
    expect(inspectMedia(await aWebp())).toEqual({ format: "WEBP", width: 40, height: 24 });
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["a text", Buffer.from("<html>not found</html>")],
    ["a WebM", Buffer.from("1a45dfa3a3428681", "hex")],
    ["a QuickTime", Buffer.from(anMp4(64, 64).toString("latin1").replace("isom", "qt  "), "latin1")],
    ["an MP4 without an index", anMp4(64, 64).subarray(0, 40)],
  ])("not %s", (_, bytes) => {
    expect(inspectMedia(bytes)).toBeNull();
  });
});

describe("notes are taken out, and the picture stays", () => {
  test.each([
    ["PNG", pngWithNotes(aPng(30, 20), SECRET), aPng(30, 20)],
    ["JPEG", jpegWithNotes(aJpeg(31, 17), SECRET), aJpeg(31, 17)],
  ] as const)("%s", (format, noted, plain) => {
    expect(noted.includes(SECRET)).toBe(true);
    expect(Buffer.from(stripMetadata(noted, format) ?? [])).toEqual(plain);
  });

  test("WebP, whose header no longer announces them", async () => {
    const noted = await aWebp();
    expect(noted.includes(SECRET)).toBe(true);
    const clean = Buffer.from(stripMetadata(noted, "WEBP") ?? []);
    expect(clean.includes(SECRET)).toBe(false);
    const [before, after] = await Promise.all([sharp(noted).raw().toBuffer(), sharp(clean).raw().toBuffer()]);
    expect(after).toEqual(before);
    expect(await sharp(clean).metadata()).not.toHaveProperty("exif");
  });

  test("an animated WebP: what is beside a frame goes too, and all frames stay", async () => {
    const negative = await sharp(aPng(16, 16)).negate({ alpha: false }).png().toBuffer();
    const frames = await sharp([aPng(16, 16), negative], { join: { animated: true } })
      .webp()
      .toBuffer();
    const at = frames.indexOf("ANMF");
    const note = Buffer.concat([Buffer.from("NOTE\0\0\0\0", "latin1"), Buffer.from(SECRET)]);
    note.writeUInt32LE(SECRET.length, 4);
    const frame = Buffer.concat([frames.subarray(at, at + 24), note, frames.subarray(at + 24)]);
    frame.writeUInt32LE(frame.readUInt32LE(4) + note.length, 4);
    const noted = Buffer.concat([frames.subarray(0, at), frame, Buffer.from(SECRET)]);
    noted.writeUInt32LE(frames.length - 8 + note.length, 4);
    expect(Buffer.from(stripMetadata(noted, "WEBP") ?? [])).toEqual(frames);
    expect(await sharp(stripMetadata(noted, "WEBP") ?? []).metadata()).toMatchObject({ pages: 2 });
  });

  test("a progressive JPEG with a profile of its colours is whole", async () => {
    const photo = await sharp(aPng(64, 64)).withIccProfile("p3").jpeg({ progressive: true }).toBuffer();
    expect(Buffer.from(stripMetadata(jpegWithNotes(photo, SECRET), "JPEG") ?? [])).toEqual(photo);
  });

  test("MP4: no place in the file moves, then the index comes first and points where the pictures went", () => {
    const noted = anMp4(64, 32, SECRET);
    const stripped = Buffer.from(stripMetadata(Buffer.concat([noted, Buffer.from(SECRET)]), "MP4") ?? []);
    expect(stripped).toHaveLength(noted.length);
    expect(firstChunk(stripped)).toBe("the pictures");
    const clean = cleanMedia(noted);
    expect(clean).toMatchObject({ format: "MP4", width: 64, height: 32 });
    const file = Buffer.from(clean?.bytes ?? []);
    expect({
      hasSecret: file.includes(SECRET),
      isIndexFirst: file.indexOf("moov") < file.indexOf("mdat"),
      first: firstChunk(file),
    }).toEqual({
      hasSecret: false,
      isIndexFirst: true,
      first: "the pictures",
    });
  });

  test.each(["PNG", "JPEG", "WEBP", "MP4"] as const)(
    "a %s cut anywhere is no reason to throw, and none to hand notes out",
    async (format) => {
      const whole = {
        PNG: pngWithNotes(aPng(8, 8), SECRET),
        JPEG: jpegWithNotes(aJpeg(8, 8), SECRET),
        WEBP: await aWebp(),
        MP4: anMp4(8, 8, SECRET),
      }[format];
      const cuts = Array.from({ length: whole.length + 1 }, (_, length) => stripMetadata(whole.subarray(0, length), format));
      expect(cuts.filter((clean) => Buffer.from(clean ?? []).includes(SECRET))).toEqual([]);
      expect(cuts.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => null));
    },
  );
});

describe("made small", () => {
  test.each([
    ["PNG", aPng(1000, 500)],
    ["JPEG", aJpeg(1000, 500)],
  ])("a %s, with sharp and without", async (_, picture) => {
    const small = await shrinkPicture(picture, LIMITS);
    const inJs = await shrinkPicture(picture, LIMITS, WITHOUT_SHARP);
    for (const made of [small, inJs]) {
      expect(made?.bytes.length).toBeLessThanOrEqual(LIMITS.maxBytes);
      expect(inspectMedia(made?.bytes ?? Buffer.alloc(0))).toMatchObject({ format: made?.format, width: 256, height: 128 });
    }
    expect([small?.format, inJs?.format]).toEqual(["WEBP", "JPEG"]);
    // Both show the same: red grows to the right, green downwards.
    const means = await Promise.all([small, inJs].map((made) => sharp(made?.bytes).resize(2, 2, { fit: "fill" }).raw().toBuffer()));
    for (const mean of means) {
      expect(mean[3]).toBeGreaterThan((mean[0] ?? 0) + 60);
      expect(mean[7]).toBeGreaterThan((mean[1] ?? 0) + 60);
    }
  });

  test("what is small already stays as it is, and what is no picture is none", async () => {
    const small = aPng(16, 16);
    expect(await shrinkPicture(small, LIMITS)).toEqual({ bytes: small, format: "PNG" });
    expect(await shrinkPicture(Buffer.from("no picture"), LIMITS)).toBeNull();
    expect(await shrinkPicture(anMp4(64, 64), LIMITS)).toBeNull();
    expect(await shrinkPicture(aPng(600, 600).subarray(0, 2000), LIMITS)).toBeNull();
    expect(await shrinkPicture(await aWebp(), { maxSide: 8, maxBytes: 1000 }, WITHOUT_SHARP)).toBeNull();
    expect(await shrinkPicture(aPng(600, 600).subarray(0, 2000), LIMITS, WITHOUT_SHARP)).toBeNull();
  });

  test.each([
    ["made small", () => shrinkPicture(aPng(600, 600), LIMITS, WITHOUT_SHARP)],
    ["put on a canvas", () => onCanvas(aPng(600, 600), { width: 608, height: 608 }, WITHOUT_SHARP)],
    ["measured", () => measureColours(aPng(600, 600), WITHOUT_SHARP)],
  ])("while a picture is %s without sharp, everything else goes on", async (_, work) => {
    const order: string[] = [];
    const made = work().then((result) => void order.push(result === null ? "nothing" : "made"));
    await new Promise((resolve) => void setImmediate(resolve));
    order.push("went on");
    await made;
    expect(order).toEqual(["went on", "made"]);
  });

  test("a picture of more pixels than anybody asks for is not tried", async () => {
    const header = Buffer.from(aPng(8, 8));
    header.writeUInt32BE(30_000, 16);
    header.writeUInt32BE(30_000, 20);
    expect(await shrinkPicture(header, LIMITS, WITHOUT_SHARP)).toBeNull();
  });

  test("a thumbnail belongs to a result", async () => {
    const media = cleanMedia(aPng(1024, 768));
    const file = media && (await withThumbnail(media, media.bytes));
    expect(file).toMatchObject({ format: "PNG", width: 1024, height: 768, thumbnail: { format: "WEBP" } });
    expect(media && (await withThumbnail(media, Buffer.from("no picture")))).toBeNull();
  });
});

describe("on a canvas of other sides, with sharp and without", () => {
  const corner = (picture: Uint8Array | null, left: number, top: number) =>
    sharp(picture ?? Buffer.alloc(0))
      .extract({ left, top, width: 1, height: 1 })
      .removeAlpha()
      .raw()
      .toBuffer();

  test.each(["with", "without"])("%s: wider it has copies of its edge, narrower it has lost that", async (way) => {
    const load = way === "with" ? undefined : WITHOUT_SHARP;
    const original = aPng(30, 21);
    const grown = await onCanvas(original, { width: 32, height: 24 }, load);
    expect(inspectMedia(grown ?? Buffer.alloc(0))).toEqual({ format: "PNG", width: 32, height: 24 });
    expect(await corner(grown, 31, 5)).toEqual(await corner(original, 29, 5));
    expect(await corner(grown, 5, 23)).toEqual(await corner(original, 5, 20));
    expect(await corner(grown, 31, 23)).toEqual(await corner(original, 29, 20));
    const back = await onCanvas(grown ?? Buffer.alloc(0), { width: 30, height: 21 }, load);
    const [was, is] = await Promise.all(
      [original, back].map((picture) =>
        sharp(picture ?? Buffer.alloc(0))
          .removeAlpha()
          .raw()
          .toBuffer(),
      ),
    );
    expect(is).toEqual(was);
    expect(inspectMedia((await onCanvas(aJpeg(30, 21), { width: 32, height: 8 }, load)) ?? Buffer.alloc(0))).toMatchObject({
      width: 32,
      height: 8,
    });
  });

  test("what is no picture is put on none", async () => {
    const sides = { width: 8, height: 8 };
    expect(await onCanvas(Buffer.from("no picture"), sides)).toBeNull();
    expect(await onCanvas(anMp4(64, 64), sides)).toBeNull();
    expect(await onCanvas(aPng(600, 600).subarray(0, 2000), sides)).toBeNull();
    expect(await onCanvas(await aWebp(), sides, WITHOUT_SHARP)).toBeNull();
  });
});

test("without ffmpeg, or with a video that it cannot read, the poster is grey and of the video's shape", async () => {
  for (const ffmpeg of ["/no/such/ffmpeg", "ffmpeg"]) {
    expect(inspectMedia(await posterOf("/no/such/video.mp4", { width: 1024, height: 576 }, ffmpeg))).toEqual({
      format: "JPEG",
      width: 256,
      height: 144,
    });
  }
});
