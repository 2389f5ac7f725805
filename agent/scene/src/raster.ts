/** SVG -> pixels -> PNG, thumbnail and preview bytes. */
import sharp from "sharp";
import { asSharp, resizePixels, toPixels, type Pixels } from "./pixels.ts";
import type { PixelSize } from "./requests.ts";

const THUMBNAIL_SIDE = 256;
const PREVIEW_SIDE = 256;
const PREVIEW_MAX_BYTES = 20_000;
const PREVIEW_QUALITIES = [72, 55, 38, 20];
const THUMBNAIL_QUALITY = 82;
const POSTER_QUALITY = 86;

/** A whole drawing of many filters nests deeper than the default of libxml2 allows. */
const SVG_OPTIONS = { unlimited: true } as const;

/** The same shape with the longer side at most `longest` pixels. */
function fitWithin({ width, height }: PixelSize, longest: number): PixelSize {
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * libvips draws an SVG in tiles of 2000 pixels and runs every filter of the picture once per tile: 2048 x 2048
 * takes twenty times as long as 1024 x 1024. Larger pictures are enlarged from this size instead.
 */
const LARGEST_RASTER_SIDE = 2000;

/** The size at which to draw a picture of `size`. */
export function rasterSize(size: PixelSize): PixelSize {
  return fitWithin(size, LARGEST_RASTER_SIDE);
}

export function previewSize(picture: PixelSize): PixelSize {
  return fitWithin(picture, PREVIEW_SIDE);
}

/** No resizing here: sharp would pass it on to the SVG loader and undo `LARGEST_RASTER_SIDE`. */
export async function rasterise(svg: string): Promise<Pixels> {
  return toPixels(sharp(Buffer.from(svg), SVG_OPTIONS));
}

export interface Sprite extends PixelSize {
  /** Four bytes a pixel, not premultiplied. */
  data: Uint8Array;
}

export async function rasteriseSprite(svg: string): Promise<Sprite> {
  const { data, info } = await sharp(Buffer.from(svg), SVG_OPTIONS).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

export async function encodePng(pixels: Pixels, size: PixelSize): Promise<Uint8Array> {
  return asSharp(await resizePixels(pixels, size))
    .png({ compressionLevel: 6 })
    .toBuffer();
}

export async function encodeThumbnail(pixels: Pixels, size: PixelSize): Promise<Uint8Array> {
  const { width, height } = fitWithin(size, THUMBNAIL_SIDE);
  return asSharp(pixels).resize(width, height, { fit: "fill" }).webp({ quality: THUMBNAIL_QUALITY }).toBuffer();
}

export async function encodePoster(pixels: Pixels): Promise<Uint8Array> {
  return asSharp(pixels).webp({ quality: POSTER_QUALITY }).toBuffer();
}

export async function encodePreview(pixels: Pixels): Promise<Uint8Array> {
  const small = await resizePixels(pixels, previewSize(pixels));
  let jpeg = new Uint8Array();
  for (const quality of PREVIEW_QUALITIES) {
    jpeg = new Uint8Array(await asSharp(small).jpeg({ quality }).toBuffer());
    if (jpeg.length <= PREVIEW_MAX_BYTES) break;
  }
  return jpeg;
}
