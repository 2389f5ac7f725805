/** Pictures as plain RGB bytes, for what vectors cannot do. */
import sharp, { type Sharp } from "sharp";
import { UnusableImageError, type PixelSize } from "./requests.ts";

/** Three bytes a pixel, row by row. */
export interface Pixels extends PixelSize {
  data: Uint8Array;
}

const CHANNELS = 3;
/** A bomb of a picture: 64 megapixels need 200 MB as bytes. */
const MOST_INPUT_PIXELS = 64_000_000;

export function blankPixels(width: number, height: number): Pixels {
  return { width, height, data: new Uint8Array(width * height * CHANNELS) };
}

export function asSharp({ data, width, height }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: CHANNELS } });
}

export async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.removeAlpha().toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  if (info.channels === 1) {
    const rgb = new Uint8Array(info.width * info.height * CHANNELS);
    for (let pixel = 0; pixel < data.length; pixel += 1) rgb.fill(data[pixel] ?? 0, pixel * CHANNELS, (pixel + 1) * CHANNELS);
    return { data: rgb, width: info.width, height: info.height };
  }
  return { data, width: info.width, height: info.height };
}

export async function resizePixels(pixels: Pixels, size: PixelSize): Promise<Pixels> {
  if (pixels.width === size.width && pixels.height === size.height) return pixels;
  return toPixels(asSharp(pixels).resize(size.width, size.height, { fit: "fill" }));
}

function openImage(bytes: Uint8Array, mostPixels = MOST_INPUT_PIXELS): Sharp {
  return sharp(bytes, { limitInputPixels: mostPixels }).rotate().flatten({ background: "#ffffff" });
}

async function decode(open: () => Sharp): Promise<Pixels> {
  try {
    return await toPixels(open());
  } catch (error) {
    const reason =
      error instanceof Error && error.message.includes("pixel limit") ? "has more pixels than this task takes" : "cannot be read";
    throw new UnusableImageError(`the input image ${reason}`, { cause: error });
  }
}

/**
 * Upright, without transparency, as bytes.
 * @throws {UnusableImageError} when this is no picture, or too large a one.
 */
export async function decodeImage(bytes: Uint8Array, mostPixels = MOST_INPUT_PIXELS): Promise<Pixels> {
  return decode(() => openImage(bytes, mostPixels));
}

/** The same, cut to the shape of `size` and scaled while it is read, so that a large photo never is in memory whole. */
export async function decodeCovering(bytes: Uint8Array, size: PixelSize): Promise<Pixels> {
  return decode(() => openImage(bytes).resize(size.width, size.height, { fit: "cover" }));
}

/** Cuts the picture to the shape of `size` around its middle, and scales it. */
export async function coverPixels(pixels: Pixels, size: PixelSize): Promise<Pixels> {
  return toPixels(asSharp(pixels).resize(size.width, size.height, { fit: "cover" }));
}

/** @param share 0 gives `from`, 1 gives `to`. Both have one size. */
export function blend(from: Pixels, to: Pixels, share: number): Pixels {
  const data = new Uint8Array(from.data.length);
  const weight = Math.round(share * 256);
  for (let index = 0; index < data.length; index += 1) {
    const value = from.data[index] ?? 0;
    data[index] = value + ((((to.data[index] ?? 0) - value) * weight) >> 8);
  }
  return { ...from, data };
}

export function lumaOfPixel(data: Uint8Array, offset: number): number {
  return (54 * (data[offset] ?? 0) + 183 * (data[offset + 1] ?? 0) + 19 * (data[offset + 2] ?? 0)) >> 8;
}

export function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
