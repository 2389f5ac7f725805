/** Frames -> H.264 in MP4, by h264-mp4-encoder (minih264 and minimp4 as WebAssembly). */
import encoders from "h264-mp4-encoder";
import type { PixelSize } from "../requests.ts";
import type { Frame } from "./canvas.ts";

/** 10 is best, 51 smallest: 26 keeps flat colours clean at about 100 KB a second for 512 px. */
const QUANTISER = 24;
const SPEED = 5;
/** A player can start at every so many seconds. */
const KEY_FRAME_SECONDS = 2;

/** Boxes on the way to the headers that hold times. */
const CONTAINERS = new Set(["moov", "trak", "mdia"]);
const TIMED_HEADERS = new Set(["mvhd", "tkhd", "mdhd"]);

/** The encoder writes the hour of its work into three headers, which would make every file different. */
function clearTimes(file: Buffer, start = 0, end = file.length): void {
  for (let box = start; box + 8 <= end;) {
    const [size, type] = [file.readUInt32BE(box), file.toString("latin1", box + 4, box + 8)];
    if (size < 8) return;
    if (CONTAINERS.has(type)) clearTimes(file, box + 8, Math.min(end, box + size));
    // Version 0: four bytes of flags, then two times of four bytes.
    if (TIMED_HEADERS.has(type) && file[box + 8] === 0) file.fill(0, box + 12, box + 20);
    box += size;
  }
}

export interface Mp4Writer {
  /** Takes a copy. */
  add(frame: Frame): void;
  /** @returns the file; the writer is of no use afterwards. */
  finish(): Uint8Array;
  /** Frees the encoder's memory; may be called after `finish`. */
  discard(): void;
}

/** H.264 stores colour for blocks of 2 x 2 pixels. */
export function evenSize({ width, height }: PixelSize): PixelSize {
  return { width: Math.max(16, width - (width % 2)), height: Math.max(16, height - (height % 2)) };
}

export async function openMp4(size: PixelSize, fps: number): Promise<Mp4Writer> {
  const encoder = await encoders.createH264MP4Encoder();
  encoder.width = size.width;
  encoder.height = size.height;
  encoder.frameRate = fps;
  encoder.quantizationParameter = QUANTISER;
  encoder.speed = SPEED;
  encoder.groupOfPictures = Math.max(1, Math.round(fps * KEY_FRAME_SECONDS));
  encoder.initialize();
  let isOpen = true;
  const discard = (): void => {
    if (isOpen) encoder.delete();
    isOpen = false;
  };
  return {
    add: ({ data }) => encoder.addFrameRgba(data),
    finish: () => {
      encoder.finalize();
      const file = Buffer.from(encoder.FS.readFile(encoder.outputFilename));
      clearTimes(file);
      encoder.FS.unlink(encoder.outputFilename);
      discard();
      return file;
    },
    discard,
  };
}
