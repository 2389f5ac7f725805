/** SVG -> PNG, thumbnail and preview bytes. */
import sharp, { type Sharp } from "sharp";

const THUMBNAIL_SIDE = 256;
const PREVIEW_SIDE = 256;
const PREVIEW_MAX_BYTES = 20_000;
const PREVIEW_QUALITIES = [72, 55, 38, 20];
const THUMBNAIL_QUALITY = 82;

/** A whole drawing of many filters nests deeper than the default of libxml2 allows. */
const SVG_OPTIONS = { unlimited: true } as const;

export interface PixelSize {
  width: number;
  height: number;
}

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

interface RawImage {
  data: Buffer;
  raw: { width: number; height: number; channels: 1 | 2 | 3 | 4 };
}

/** No resizing here: sharp would pass it on to the SVG loader and undo `LARGEST_RASTER_SIDE`. */
async function rasterise(svg: string): Promise<RawImage> {
  const image = sharp(Buffer.from(svg), SVG_OPTIONS).removeAlpha().raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { data, raw: { width: info.width, height: info.height, channels: info.channels } };
}

/** @param svg drawn at `rasterSize(size)`. */
export async function renderPicture(svg: string, size: PixelSize): Promise<{ png: Uint8Array; thumbnail: Uint8Array }> {
  const { data, raw } = await rasterise(svg);
  const scaled = (target: PixelSize): Sharp => sharp(data, { raw }).resize(target.width, target.height, { fit: "fill" });
  const [png, thumbnail] = await Promise.all([
    scaled(size).png({ compressionLevel: 6 }).toBuffer(),
    scaled(fitWithin(size, THUMBNAIL_SIDE)).webp({ quality: THUMBNAIL_QUALITY }).toBuffer(),
  ]);
  return { png, thumbnail };
}

/** @param svg drawn at `previewSize(...)`. */
export async function renderPreviewJpeg(svg: string): Promise<Uint8Array> {
  const { data, raw } = await rasterise(svg);
  let jpeg = new Uint8Array();
  for (const quality of PREVIEW_QUALITIES) {
    jpeg = new Uint8Array(await sharp(data, { raw }).jpeg({ quality }).toBuffer());
    if (jpeg.length <= PREVIEW_MAX_BYTES) break;
  }
  return jpeg;
}
