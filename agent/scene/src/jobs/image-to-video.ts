/** Moves a picture: one of ours thing by thing, a photo by camera, parallax and what the prompt adds. */
import { decodeCovering } from "../pixels.ts";
import { readRecipe, type Recipe } from "../recipe.ts";
import type { ImageToVideoRequest, SceneResult } from "../requests.ts";
import { stepsTaken } from "../sampler.ts";
import type { Studio } from "../studio.ts";
import { applyPixelStyle } from "../styles/pixel-styles.ts";
import { timelineOf } from "../video/motion.ts";
import { evenSize } from "../video/mp4.ts";
import { motePainter, weatherPainter } from "../video/particles.ts";
import { film, frameCount } from "./film.ts";
import type { JobContext } from "./job-context.ts";
import { composeLatent, planFor, readPrompts, sampleScene, type ReadPrompts } from "./scene.ts";
import { overscan, sceneScript, thingLayers } from "./text-to-video.ts";

const OWN_NOTE = "原图来自内置引擎，逐个物体运动 (the picture is one of this engine's, so its things move by themselves)";
const PHOTO_NOTE =
  "照片由镜头和视差运动，内置引擎不理解其内容 (the photo moves by camera and parallax; the engine does not understand what it shows)";

async function moveOwn(
  studio: Studio,
  request: ImageToVideoRequest,
  recipe: Recipe,
  prompts: ReadPrompts,
  context: JobContext,
): Promise<SceneResult> {
  const { objects: _, places: __, ...asked } = prompts.wish;
  const wish = { ...recipe.wish, ...asked };
  const plan = planFor({ ...request, seed: recipe.seed }, { ...prompts, wish }, studio);
  const composition = await composeLatent(recipe.latent, plan, evenSize(request), recipe.seed, studio);
  const scene = { ...request, seed: recipe.seed, plan, composition, stepsBefore: 0, augmentation: request.augmentationLevel };
  const script = await sceneScript(scene, request, context);
  return film(script, context, { unknownWords: prompts.unknownWords, notes: [OWN_NOTE] });
}

async function movePhoto(studio: Studio, request: ImageToVideoRequest, prompts: ReadPrompts, context: JobContext): Promise<SceneResult> {
  const { seed, fps, augmentationLevel } = request;
  const size = evenSize(request);
  const photo = await decodeCovering(request.image, overscan(size));
  const planned = planFor(request, prompts, studio);
  // Only what the prompt names is added; it must not bring trees along.
  const plan = { ...planned, slots: planned.slots.map((object) => (object?.isWished ? object : null)) };
  const frames = frameCount(request);
  const sampling: JobContext = { ...context, onStep: (step, total, preview) => context.onStep(step, total + frames, preview) };
  const latent = await sampleScene(studio, plan, request, sampling);
  const composition = await composeLatent(latent, plan, size, seed, studio);
  const timeline = timelineOf(request.duration, request.videoLoop, request.motionBucketId);
  const script = {
    size,
    fps,
    timeline,
    // No water of ours is in a photo, so nothing ripples.
    plan: { ...plan, place: { ...plan.place, ground: "meadow" as const } },
    composition,
    backdrop: prompts.wish.style ? await applyPixelStyle(photo, plan.style) : photo,
    clouds: null,
    layers: await thingLayers(plan, composition, seed, size, context),
    particles: [weatherPainter(prompts.wish.weather, seed, timeline), motePainter(augmentationLevel, seed, timeline)],
    stepsBefore: stepsTaken(request.steps, 1),
  };
  return film(script, context, { unknownWords: prompts.unknownWords, notes: [PHOTO_NOTE] });
}

export async function imageToVideo(studio: Studio, request: ImageToVideoRequest, context: JobContext): Promise<SceneResult> {
  const prompts = readPrompts(request, studio);
  const recipe = readRecipe(request.image, studio.book);
  return recipe ? moveOwn(studio, request, recipe, prompts, context) : movePhoto(studio, request, prompts, context);
}
