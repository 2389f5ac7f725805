/**
 * Changes a picture. One of ours carries its layout, which is noised and denoised exactly. Of a foreign photo the
 * colours, the horizon and, while nothing else is asked for, the photo itself are taken over.
 */
import { mix } from "../color.ts";
import { drawBackdropSvg, drawOverlaySvg } from "../draw.ts";
import { horizonNumber } from "../layout.ts";
import { analysePhoto } from "../photo/analyse.ts";
import { layOver } from "../photo/lay-over.ts";
import { blend, coverPixels, decodeCovering, type Pixels } from "../pixels.ts";
import type { Plan } from "../plan.ts";
import { rasterise, rasteriseSprite, rasterSize } from "../raster.ts";
import { readRecipe, type Recipe } from "../recipe.ts";
import type { ImageToImageRequest, PixelSize, SceneResult } from "../requests.ts";
import type { Studio } from "../studio.ts";
import { applyPixelStyle } from "../styles/pixel-styles.ts";
import { without, type Wish } from "../wish.ts";
import type { JobContext } from "./job-context.ts";
import { composeLatent, drawLatent, pictureResult, planFor, readPrompts, sampleScene, type ReadPrompts } from "./scene.ts";

/** Below these strengths what is in the picture stays although the prompt names something else. */
const KEEPS_THINGS_BELOW = 0.35;
const KEEPS_PLACE_BELOW = 0.2;
const KEEPS_BACKDROP_BELOW = 0.6;
/** From here on a foreign photo is only a palette. */
const FORGETS_PHOTO_FROM = 0.8;
const TINTS = { day: null, sunset: [1.08, 0.82, 0.72], night: [0.42, 0.48, 0.78], neon: [0.62, 0.42, 0.9] } as const;
const STYLE_SHARE = { least: 0.35, perStrength: 1 };

const OWN_NOTE = "沿用原图的布局 (continues from the layout that the picture carries)";
const PHOTO_NOTE =
  "取用照片的色彩、地平线和画面；内置引擎不理解照片中的物体 (takes over colours, horizon and the photo itself; the engine does not understand what it shows)";

/** What the changed picture is to show. */
function mergeWishes(before: Wish, { wish, unwanted }: ReadPrompts, strength: number): Wish {
  const keepsThings = wish.objects.length === 0 || strength < KEEPS_THINGS_BELOW;
  const keepsPlace = wish.places.length === 0 || strength < KEEPS_PLACE_BELOW;
  const { places, objects, ...asked } = wish;
  const merged = { ...before, ...asked, objects: keepsThings ? before.objects : objects, places: keepsPlace ? before.places : places };
  return without(merged, unwanted);
}

async function changeOwn(studio: Studio, request: ImageToImageRequest, recipe: Recipe, context: JobContext): Promise<SceneResult> {
  const prompts = readPrompts(request, studio);
  const wish = mergeWishes(recipe.wish, prompts, request.strength);
  const drawnSeed = request.strength < KEEPS_BACKDROP_BELOW ? recipe.seed : request.seed;
  const plan = planFor({ ...request, seed: drawnSeed }, { ...prompts, wish }, studio);
  const latent = await sampleScene(studio, plan, request, context, { initial: { clean: recipe.latent, strength: request.strength } });
  const pixels = await drawLatent(latent, plan, drawnSeed, rasterSize(request), studio);
  context.signal.throwIfAborted();
  return pictureResult(request, { pixels, plan, wish, latent, drawnSeed, unknownWords: prompts.unknownWords, notes: [OWN_NOTE] });
}

function tinted(pixels: Pixels, plan: Plan, strength: number): Pixels {
  const tint = TINTS[plan.time];
  if (!tint) return pixels;
  const factors = tint.map((factor) => 1 + (factor - 1) * Math.min(1, strength + 0.3));
  return { ...pixels, data: pixels.data.map((value, index) => Math.min(255, value * (factors[index % 3] ?? 1))) };
}

/** The scene's colours moved towards the photo's. */
async function withPaletteOf(photo: Pixels, plan: Plan, strength: number): Promise<{ plan: Plan; horizon: number }> {
  const facts = await analysePhoto(photo);
  const share = 1 - strength * 0.85;
  const colors = plan.place.colors.map((color, index) => mix(color, facts.ground[index === 0 ? 0 : 1], share));
  const skies = plan.time === "day" && share > 0.3 ? { skies: facts.sky } : {};
  return { plan: { ...plan, place: { ...plan.place, colors, ...skies } }, horizon: facts.horizon };
}

async function changePhoto(studio: Studio, request: ImageToImageRequest, context: JobContext): Promise<SceneResult> {
  const { strength, seed } = request;
  const size = rasterSize(request);
  const photo = await decodeCovering(request.image, size);
  const prompts = readPrompts(request, studio);
  const { wish } = prompts;
  const drawn = planFor(request, prompts, studio);
  const showsScene = wish.places.length > 0 || (wish.objects.length > 0 && strength >= FORGETS_PHOTO_FROM);
  const { plan: colored, horizon } = await withPaletteOf(photo, drawn, strength);
  // Trees and flowers that nobody asked for belong to a drawn scene only.
  const plan: Plan = showsScene ? colored : { ...colored, slots: colored.slots.map((object) => (object?.isWished ? object : null)) };
  const weight = 1 - strength;

  const paint = async (latent: Float32Array, target: PixelSize): Promise<Pixels> => {
    const source = await coverPixels(photo, target);
    const composition = await composeLatent(latent, plan, target, seed, studio);
    const scene = showsScene ? await rasterise(drawBackdropSvg(plan, composition, seed, target)) : source;
    const backdrop = showsScene
      ? blend(source, scene, Math.min(1, 0.25 + strength * 0.75))
      : wish.time
        ? tinted(source, plan, strength)
        : source;
    const things = await rasteriseSprite(drawOverlaySvg(plan, composition, seed, target));
    const whole = layOver(backdrop, things, strength <= 0 ? 0 : 1);
    const styled = await applyPixelStyle(whole, plan.style);
    return blend(whole, styled, Math.min(1, STYLE_SHARE.least + STYLE_SHARE.perStrength * strength));
  };

  const latent = await sampleScene(studio, plan, request, context, {
    guide: (clean) => {
      clean[0] = (clean[0] ?? 0) + (horizonNumber(horizon) - (clean[0] ?? 0)) * weight;
    },
    paint,
  });
  const pixels = strength <= 0 ? photo : await paint(latent, size);
  context.signal.throwIfAborted();
  return pictureResult(request, { pixels, plan, wish, latent, unknownWords: prompts.unknownWords, notes: [PHOTO_NOTE], isOwn: false });
}

export async function imageToImage(studio: Studio, request: ImageToImageRequest, context: JobContext): Promise<SceneResult> {
  const recipe = readRecipe(request.image, studio.book);
  return recipe ? changeOwn(studio, request, recipe, context) : changePhoto(studio, request, context);
}
