/** Twice or four times the size: drawings by our own network, photos by ESRGAN, very large ones by interpolation. */
import { asSharp, blend, decodeImage, resizePixels, toPixels, type Pixels } from "../pixels.ts";
import { encodePng, encodePreview, encodeThumbnail } from "../raster.ts";
import type { PixelSize, SceneResult, UpscaleRequest } from "../requests.ts";
import type { Studio } from "../studio.ts";
import { isDrawnArt } from "../upscale/detect.ts";
import { enlargeByTiles } from "../upscale/tiles.ts";
import type { JobContext } from "./job-context.ts";

type Method = "art" | "photo" | "lanczos";

/** Bytes of the result in memory are three times this. */
const MOST_RESULT_PIXELS = 36_000_000;
/** Larger inputs would keep one thread busy for minutes. */
const MOST_NETWORK_PIXELS: Record<Exclude<Method, "lanczos">, number> = { art: 4_200_000, photo: 1_100_000 };
const ART_SCALE = 4;
const ART_RANGE = [-1, 1] as const;
const PHOTO_SCALE = 2;
const PHOTO_RANGE = [0, 1] as const;
/** ESRGAN leaves a faint grid on smooth areas; this share of plain interpolation hides it. */
const PHOTO_SHARE_OF_LANCZOS = 0.3;

function methodFor(model: string, source: Pixels): Method {
  const name = model.toLowerCase();
  if (name.includes("lanczos")) return "lanczos";
  const isArt = name.includes("art") || name.includes("anime") || (!name.includes("photo") && isDrawnArt(source));
  const method = isArt ? "art" : "photo";
  return source.width * source.height > MOST_NETWORK_PIXELS[method] ? "lanczos" : method;
}

async function lanczos(source: Pixels, { width, height }: PixelSize): Promise<Pixels> {
  return toPixels(asSharp(source).resize(width, height, { fit: "fill", kernel: "lanczos3" }));
}

export async function upscale(studio: Studio, request: UpscaleRequest, context: JobContext): Promise<SceneResult> {
  const source = await decodeImage(request.image, MOST_RESULT_PIXELS / request.scaleFactor ** 2);
  const target = { width: source.width * request.scaleFactor, height: source.height * request.scaleFactor };
  const method = methodFor(request.model, source);
  const pixels = await enlarge(studio, source, target, method, context);
  context.signal.throwIfAborted();
  const [bytes, thumbnail] = await Promise.all([encodePng(pixels, target), encodeThumbnail(pixels, target)]);
  return { bytes, format: "PNG", thumbnail, ...target, unknownWords: [], notes: [NOTES[method]] };
}

const NOTES: Record<Method, string> = {
  art: "由内置绘画放大网络放大 (enlarged by the built-in network for drawn art)",
  photo: "由 ESRGAN (medium) 放大并与 Lanczos 插值混合 (enlarged by ESRGAN medium, blended with Lanczos to hide its grid)",
  lanczos: "由 Lanczos 插值放大，未使用神经网络 (enlarged by Lanczos interpolation, without a network)",
};

async function enlarge(studio: Studio, source: Pixels, target: PixelSize, method: Method, context: JobContext): Promise<Pixels> {
  if (method === "lanczos") {
    const pixels = await lanczos(source, target);
    await context.onStep(1, 1, () => encodePreview(pixels));
    return pixels;
  }
  const isArt = method === "art";
  const scale = isArt ? ART_SCALE : PHOTO_SCALE;
  const enlarged = await enlargeByTiles(await studio.upscaler(method), source, {
    scale,
    range: isArt ? ART_RANGE : PHOTO_RANGE,
    onTile: (done, total, soFar) => context.onStep(done, total, () => encodePreview(soFar)),
  });
  if (isArt) return resizePixels(enlarged, target);
  const smooth = await lanczos(source, enlarged);
  // ESRGAN doubles; what is missing to four times is interpolated.
  return lanczos(blend(enlarged, smooth, PHOTO_SHARE_OF_LANCZOS), target);
}
