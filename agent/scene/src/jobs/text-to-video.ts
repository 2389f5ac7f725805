/** A scene whose things move along paths that suit their kind, seen by a slowly moving camera. */
import type { Composition } from "../compose.ts";
import { drawBackdropSvg, drawCloudsSvg, drawThingSvg } from "../draw.ts";
import type { Plan } from "../plan.ts";
import { rasterise, rasteriseSprite } from "../raster.ts";
import type { PixelSize, SceneResult, TextToVideoRequest } from "../requests.ts";
import { stepsTaken } from "../sampler.ts";
import type { Studio } from "../studio.ts";
import { applyPixelStyle } from "../styles/pixel-styles.ts";
import { cutToInk, OVERSCAN } from "../video/canvas.ts";
import { timelineOf } from "../video/motion.ts";
import { evenSize } from "../video/mp4.ts";
import { motePainter, weatherPainter } from "../video/particles.ts";
import { film, frameCount, type FilmLayer, type FilmScript } from "./film.ts";
import type { JobContext } from "./job-context.ts";
import { composeLatent, planFor, readPrompts, sampleScene } from "./scene.ts";

export function overscan({ width, height }: PixelSize): PixelSize {
  return { width: Math.round(width * OVERSCAN), height: Math.round(height * OVERSCAN) };
}

/** Each thing alone, so that it can move by itself. */
export async function thingLayers(
  plan: Plan,
  composition: Composition,
  seed: number,
  size: PixelSize,
  context: JobContext,
): Promise<FilmLayer[]> {
  const layers: FilmLayer[] = [];
  for (const placement of composition.placements) {
    context.signal.throwIfAborted();
    const layer = cutToInk(await rasteriseSprite(drawThingSvg(plan, composition, seed, placement, size)));
    if (layer) layers.push({ layer, slot: placement.slot });
  }
  return layers;
}

type SceneFilm = Pick<TextToVideoRequest, "seed" | "fps" | "duration" | "motionBucketId" | "videoLoop"> & {
  plan: Plan;
  composition: Composition;
  stepsBefore: number;
  /** 0..1, motes of light in the air. */
  augmentation: number;
};

/** @param wanted of the finished video. */
export async function sceneScript(scene: SceneFilm, wanted: PixelSize, context: JobContext): Promise<FilmScript> {
  const { plan, composition, seed, fps } = scene;
  const size = evenSize(wanted);
  const timeline = timelineOf(scene.duration, scene.videoLoop, scene.motionBucketId);
  const isPlain = plan.style === "3d" || plan.style === "flat";
  return {
    size,
    fps,
    timeline,
    plan,
    composition,
    backdrop: await rasterise(drawBackdropSvg(plan, composition, seed, overscan(size), { hasClouds: false })),
    clouds: cutToInk(await rasteriseSprite(drawCloudsSvg(plan, composition, seed, size))),
    layers: await thingLayers(plan, composition, seed, size, context),
    particles: [weatherPainter(plan.weather, seed, timeline), motePainter(scene.augmentation, seed, timeline)],
    stepsBefore: scene.stepsBefore,
    ...(isPlain ? {} : { restyle: (pixels) => applyPixelStyle(pixels, plan.style) }),
  };
}

export async function textToVideo(studio: Studio, request: TextToVideoRequest, context: JobContext): Promise<SceneResult> {
  const prompts = readPrompts(request, studio);
  const plan = planFor(request, prompts, studio);
  const frames = frameCount(request);
  const sampling: JobContext = { ...context, onStep: (step, total, preview) => context.onStep(step, total + frames, preview) };
  const latent = await sampleScene(studio, plan, request, sampling);
  const composition = await composeLatent(latent, plan, evenSize(request), request.seed, studio);
  const stepsBefore = stepsTaken(request.steps, 1);
  const script = await sceneScript({ ...request, plan, composition, stepsBefore, augmentation: 0 }, request, context);
  return film(script, context, { unknownWords: prompts.unknownWords, notes: [NOTE] });
}

const NOTE = "物体按种类移动，姿势不变 (things move along paths of their kind; their pose does not change)";
