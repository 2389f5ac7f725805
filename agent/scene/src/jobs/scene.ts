/** The parts that all drawing jobs share: words -> plan -> layout -> pixels -> file. */
import { compose, type Composition } from "../compose.ts";
import { conditioningOf } from "../conditioning.ts";
import { drawSvg } from "../draw.ts";
import { frameFor } from "../frame.ts";
import { readLayout } from "../layout.ts";
import type { Pixels } from "../pixels.ts";
import { makePlan, type Plan } from "../plan.ts";
import { encodePng, encodePreview, encodeThumbnail, previewSize, rasterise, rasterSize } from "../raster.ts";
import { withRecipe } from "../recipe.ts";
import type { PixelSize, SceneRequest, SceneResult } from "../requests.ts";
import { sampleLayout, type SamplerSettings } from "../sampler.ts";
import type { Studio } from "../studio.ts";
import { applyPixelStyle } from "../styles/pixel-styles.ts";
import { readWish, without, type Wish } from "../wish.ts";
import type { JobContext } from "./job-context.ts";

const USUAL_CFG = 7;

export interface ReadPrompts {
  /** What was asked for, less what the negative prompt names. */
  wish: Wish;
  unwanted: Wish;
  unknownWords: string[];
}

export function readPrompts({ prompt, negativePrompt }: Pick<SceneRequest, "prompt" | "negativePrompt">, { lexicon }: Studio): ReadPrompts {
  const asked = readWish(prompt, lexicon);
  const unwanted = readWish(negativePrompt, lexicon);
  return { wish: without(asked, unwanted), unwanted, unknownWords: asked.unknownWords };
}

/** A low cfgScale lets the seed decide more, a high one less. */
function varietyAt(cfgScale: number): number {
  return Math.min(1.5, Math.max(0.15, (USUAL_CFG + 6 - cfgScale) / 6));
}

export function planFor(
  request: Pick<SceneRequest, "prompt" | "seed" | "cfgScale">,
  { wish, unwanted }: ReadPrompts,
  { book }: Studio,
): Plan {
  return { ...makePlan(wish, unwanted, request.prompt, request.seed, book), variety: varietyAt(request.cfgScale) };
}

export async function composeLatent(latent: Float32Array, plan: Plan, size: PixelSize, seed: number, studio: Studio): Promise<Composition> {
  return compose(plan, readLayout(latent), frameFor(size.width, size.height), seed, await studio.art());
}

/** @param size of the raster, in the shape of the finished picture. */
export async function drawLatent(latent: Float32Array, plan: Plan, seed: number, size: PixelSize, studio: Studio): Promise<Pixels> {
  const composition = await composeLatent(latent, plan, size, seed, studio);
  return applyPixelStyle(await rasterise(drawSvg(plan, composition, seed, size)), plan.style);
}

type Extra = Pick<SamplerSettings, "initial" | "guide"> & {
  /** Draws previews the way the caller will draw the picture; plainly when left out. */
  paint?: (latent: Float32Array, size: PixelSize) => Promise<Pixels>;
};

/** Denoises the layout, with a step and a preview each. */
export async function sampleScene(
  studio: Studio,
  plan: Plan,
  request: SceneRequest,
  context: JobContext,
  extra: Extra = {},
): Promise<Float32Array> {
  const { seed, steps, cfgScale } = request;
  const { paint = (latent: Float32Array, size: PixelSize) => drawLatent(latent, plan, seed, size, studio), ...sampling } = extra;
  return sampleLayout(studio.model, conditioningOf(plan), {
    seed,
    steps,
    cfgScale,
    signal: context.signal,
    ...sampling,
    onStep: (step, totalSteps, clean) =>
      context.onStep(step, totalSteps, async () => encodePreview(await paint(clean, previewSize(request)))),
  });
}

interface Finished {
  pixels: Pixels;
  plan: Plan;
  wish: Wish;
  /** The seed of the drawing; the request's when left out. */
  drawnSeed?: number;
  latent: Float32Array;
  unknownWords: string[];
  notes?: string[];
  /** False when the picture is not made of the layout alone, so that it must not carry it. */
  isOwn?: boolean;
}

/** @param finished its pixels may be smaller than the request, which they are then enlarged to. */
export async function pictureResult(request: SceneRequest, finished: Finished): Promise<SceneResult> {
  const { pixels, plan, latent, unknownWords, drawnSeed = request.seed, notes = [], isOwn = true } = finished;
  const { width, height } = request;
  // The place may have been chosen for the words as a whole; the next reader has only the wish.
  const wish = { ...finished.wish, places: [...finished.wish.places, plan.place.id] };
  const [png, thumbnail] = await Promise.all([encodePng(pixels, request), encodeThumbnail(pixels, request)]);
  const bytes = isOwn ? withRecipe(png, { seed: drawnSeed, wish, latent }) : png;
  return { bytes, format: "PNG", thumbnail, width, height, unknownWords, notes };
}

export async function generate(studio: Studio, request: SceneRequest, context: JobContext): Promise<SceneResult> {
  const prompts = readPrompts(request, studio);
  const plan = planFor(request, prompts, studio);
  const latent = await sampleScene(studio, plan, request, context);
  const pixels = await drawLatent(latent, plan, request.seed, rasterSize(request), studio);
  context.signal.throwIfAborted();
  return pictureResult(request, { pixels, plan, wish: prompts.wish, latent, unknownWords: prompts.unknownWords });
}
