import { deflateSync } from "node:zlib";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";

/** A picture with something to see in every part of it. */
function pixels(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 4);
  for (let at = 0; at < data.length; at += 4) {
    const [x, y] = [(at / 4) % width, Math.floor(at / 4 / width)];
    data.set([(x * 255) / width, (y * 255) / height, (x ^ y) & 0xff, 255], at);
  }
  return data;
}

export function aPng(width: number, height: number): Buffer {
  const png = new PNG({ width, height });
  png.data = pixels(width, height);
  return PNG.sync.write(png);
}

export function aJpeg(width: number, height: number, quality = 90): Buffer {
  return jpeg.encode({ width, height, data: pixels(width, height) }, quality).data;
}

/**
 * As engines write prompts and workflows: `tEXt` and `iTXt` before the picture, `eXIf` too; ComfyUI's animations have them in a
 * chunk of its own, `comf`, behind the pictures.
 */
export function pngWithNotes(png: Buffer, secret: string): Buffer {
  const notes = [chunk("tEXt", `prompt\0${secret}`), chunk("iTXt", `workflow\0\0\0\0\0${secret}`), chunk("eXIf", secret)];
  const compressed = chunk("zTXt", Buffer.concat([Buffer.from("more\0\0"), deflateSync(secret)]));
  const end = png.length - 12;
  const own = [chunk("comf", `prompt\0${secret}`), chunk("caBX", secret)];
  // Behind IHDR, which has 13 bytes.
  return Buffer.concat([png.subarray(0, 33), ...notes, compressed, png.subarray(33, end), ...own, png.subarray(end), Buffer.from(secret)]);
}

function chunk(name: string, body: string | Buffer): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length);
  head.write(name, 4, "latin1");
  // Nobody here checks the checksum of a note.
  return Buffer.concat([head, content, Buffer.alloc(4)]);
}

export function jpegWithNotes(picture: Buffer, secret: string): Buffer {
  const segment = (marker: number, body: string) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return Buffer.concat([head, Buffer.from(body)]);
  };
  const notes = [segment(0xe1, secret), segment(0xed, secret), segment(0xe2, `MPF\0${secret}`), Buffer.from([0]), segment(0xfe, secret)];
  return Buffer.concat([picture.subarray(0, 2), ...notes, picture.subarray(2), Buffer.from(secret)]);
}

const box = (name: string, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(name, 4, "latin1");
  return Buffer.concat([head, body]);
};

/** The boxes of a video that matter here, in an encoder's order: pictures first, then the index, which points at them. */
export function anMp4(width: number, height: number, secret = "nothing"): Buffer {
  const tkhd = Buffer.alloc(84);
  tkhd.writeUInt16BE(width, 76);
  tkhd.writeUInt16BE(height, 80);
  const ftyp = box("ftyp", "isom\0\0\0\0");
  const pictures = box("mdat", "the pictures");
  const stco = Buffer.alloc(12);
  stco.writeUInt32BE(1, 4);
  stco.writeUInt32BE(ftyp.length + 8, 8);
  const sound = box("trak", box("tkhd", Buffer.alloc(84)));
  const handler = box("hdlr", Buffer.alloc(8), "vide", Buffer.alloc(12), secret);
  const index = box("minf", box("note", secret), box("stbl", box("stco", stco)));
  const track = box("trak", box("tkhd", tkhd), box("mdia", handler, index), box("meta", secret));
  const moov = box("moov", sound, track, box("udta", box("meta", secret)));
  return Buffer.concat([ftyp, pictures, box("free", secret), box("prmt", secret), moov]);
}

/** Where the first chunk of a video's pictures begins, as its index says. */
export function firstChunk(mp4: Uint8Array): string {
  const file = Buffer.from(mp4);
  const at = file.readUInt32BE(file.indexOf("stco") + 12);
  return file.toString("latin1", at, at + 12);
}
