/** The part that both video jobs share: layers and paths -> frames -> file. */
import type { Composition } from "../compose.ts";
import type { Pixels } from "../pixels.ts";
import type { Plan } from "../plan.ts";
import { frameToPixels } from "../video/frame-pixels.ts";
import { paintCameraView, paintLayer, type Frame, type Layer } from "../video/canvas.ts";
import { cameraAt, carrierOf, poseAt, rippleAt, toPixelPlacement, type Timeline } from "../video/motion.ts";
import { evenSize, openMp4 } from "../video/mp4.ts";
import type { ParticlePainter } from "../video/particles.ts";
import { encodePoster, encodePreview, encodeThumbnail } from "../raster.ts";
import type { PixelSize, SceneResult } from "../requests.ts";
import type { JobContext } from "./job-context.ts";

const MOST_FRAMES = 600;

export interface FilmLayer {
  layer: Layer;
  slot: number;
}

export interface FilmScript {
  size: PixelSize;
  fps: number;
  timeline: Timeline;
  plan: Plan;
  composition: Composition;
  /** Larger than the frame by OVERSCAN. */
  backdrop: Pixels;
  /** Drifts over the backdrop. */
  clouds: Layer | null;
  /** Back to front. */
  layers: FilmLayer[];
  particles: (ParticlePainter | null)[];
  /** Steps that were reported before the first frame. */
  stepsBefore: number;
  /** Redraws each frame in the style of the film. */
  restyle?: (pixels: Pixels) => Promise<Pixels>;
}

export function frameCount({ duration, fps }: { duration: number; fps: number }): number {
  return Math.max(1, Math.min(MOST_FRAMES, Math.round(duration * fps)));
}

function paintFrame(frame: Frame, script: FilmScript, share: number): void {
  const { plan, composition, timeline, backdrop, clouds, layers, particles } = script;
  const pixelsPerUnit = frame.width / composition.frame.width;
  const camera = cameraAt(share, composition, timeline);
  paintCameraView(frame, backdrop, camera, rippleAt(plan, share, composition.horizon * pixelsPerUnit, timeline));
  if (clouds) {
    const drift = timeline.isLoop ? Math.sin(2 * Math.PI * share) * 0.03 : (share - 0.5) * 0.08;
    paintLayer(frame, clouds, {
      dx: drift * frame.width * timeline.amount - camera.x * frame.width * 0.5,
      dy: 0,
      angle: 0,
      scaleX: 1,
      scaleY: 1,
    });
  }
  for (const { layer, slot } of layers) {
    const carrier = carrierOf(plan, slot);
    const placement = composition.placements.find((candidate) => candidate.slot === carrier);
    if (!placement) continue;
    const pose = poseAt(toPixelPlacement(placement, pixelsPerUnit), share, frame.width, timeline);
    // The carried thing does not turn about its own foot.
    const turned = carrier === slot ? pose : { ...pose, angle: 0, scaleX: 1, scaleY: 1 };
    paintLayer(frame, layer, { ...turned, dx: turned.dx - camera.x * frame.width * 0.9, dy: turned.dy - camera.y * frame.height });
  }
  for (const paint of particles) paint?.(frame, share);
}

export async function film(
  script: FilmScript,
  context: JobContext,
  reading: Pick<SceneResult, "unknownWords" | "notes">,
): Promise<SceneResult> {
  const size = evenSize(script.size);
  const frames = frameCount({ duration: script.timeline.duration, fps: script.fps });
  const total = script.stepsBefore + frames;
  const writer = await openMp4(size, script.fps);
  const frame: Frame = { ...size, data: new Uint8Array(size.width * size.height * 4) };
  let first: Pixels | null = null;
  try {
    for (let index = 0; index < frames; index += 1) {
      context.signal.throwIfAborted();
      // In a loop the frame after the last one is the first one; otherwise the last one ends the movement.
      paintFrame(frame, script, script.timeline.isLoop ? index / frames : index / Math.max(1, frames - 1));
      let pixels = frameToPixels(frame);
      if (script.restyle) {
        pixels = await script.restyle(pixels);
        pixels.data.forEach((value, offset) => {
          frame.data[Math.floor(offset / 3) * 4 + (offset % 3)] = value;
        });
      }
      first ??= pixels;
      writer.add(frame);
      await context.onStep(script.stepsBefore + index + 1, total, () => encodePreview(pixels));
    }
    const bytes = writer.finish();
    const opening = first ?? script.backdrop;
    const [poster, thumbnail] = await Promise.all([encodePoster(opening), encodeThumbnail(opening, size)]);
    return { bytes, format: "MP4", thumbnail, poster, ...size, fps: script.fps, frames, ...reading };
  } finally {
    writer.discard();
  }
}
