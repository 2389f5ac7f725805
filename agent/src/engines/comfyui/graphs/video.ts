import { EngineError } from "../../engine.ts";
import { fileName } from "../../known-models.ts";
import { GraphBuilder, type Plan } from "../graph.ts";
import type { NodeClasses } from "../object-info.ts";
import type { Recipe } from "../recipes.ts";
import { conditioned, sampled, type TaskOf } from "./image.ts";
import { canLoop, loopFrames, LOOP_LEFT_OUT, thereAndBack } from "./loop.ts";

type VideoTask = TaskOf<"TEXT2VIDEO"> | TaskOf<"IMG2VIDEO">;
export interface VideoContext {
  classes: NodeClasses;
  prefix: string;
  /** Null for a video from words. */
  image: string | null;
}

/** Frames that a model can make, nearest to those asked for: so many times `step`, and `extra` more. */
export function framesNear(wanted: number, { step, extra, max }: { step: number; extra: number; max: number }): number {
  return Math.max(step, Math.round((Math.min(wanted, max) - extra) / step) * step) + extra;
}

const upTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** SVD is made for so many frames and no others; they are spread over the time that was asked for. */
export function svd(recipe: Extract<Recipe, { kind: "svd" }>, task: VideoTask, context: VideoContext): Plan {
  const builder = new GraphBuilder(context.classes);
  const { parameters } = task;
  const { width, height, seed, steps, motionBucketId, duration } = parameters;
  const notes: string[] = [];
  let first: unknown;
  if (task.type === "TEXT2VIDEO") {
    if (!recipe.still) throw new EngineError("MODEL_LOAD_FAILED", "no model for the first picture", { isRetryable: true });
    const from = conditioned(builder, recipe.still, parameters);
    const latent = builder.add("EmptyLatentImage", { width, height, batch_size: 1 });
    const sampling = { seed, steps, cfgScale: parameters.cfgScale, sampler: "euler", scheduler: "normal", denoise: 1 };
    first = sampled(builder, from, [latent, 0], sampling);
    const artist = fileName(recipe.still.checkpoint);
    notes.push(`先由 ${artist} 作画再使其动起来 (the first picture is by ${artist})`);
  } else {
    first = [builder.add("LoadImage", { image: context.image }), 0];
    if (parameters.prompt !== "") notes.push("该模型不使用提示词 (this model does not use the prompt)");
  }
  const frames = recipe.frames;
  const isLoop = loops(parameters, frames, notes);
  const playedFps = fpsFor(isLoop ? loopFrames(frames) : frames, duration);
  const loader = builder.add("ImageOnlyCheckpointLoader", { ckpt_name: recipe.checkpoint });
  const motion = builder.add("SVD_img2vid_Conditioning", {
    clip_vision: [loader, 1],
    init_image: first,
    vae: [loader, 2],
    width,
    height,
    video_frames: frames,
    motion_bucket_id: motionBucketId,
    // What the model was trained with; how fast it is played is another matter.
    fps: 6,
    augmentation_level: task.type === "IMG2VIDEO" ? task.parameters.augmentationLevel : 0,
  });
  const guided = builder.add("VideoLinearCFGGuidance", { model: [loader, 0], min_cfg: 1 });
  const cfgScale = task.type === "IMG2VIDEO" ? parameters.cfgScale : 2.5;
  const from = { model: [guided, 0], vae: [loader, 2], positive: [motion, 0], negative: [motion, 1] };
  const pictures = sampled(builder, from, [motion, 2], { seed, steps, cfgScale, sampler: "euler", scheduler: "karras", denoise: 1 });
  if (frames !== duration * parameters.fps) notes.push(framesNote(frames, playedFps));
  const played = isLoop ? thereAndBack(builder, pictures, frames) : pictures;
  return savedVideo(builder, played, playedFps, context, notes);
}

export function wan(recipe: Extract<Recipe, { kind: "wan" }>, { parameters }: VideoTask, context: VideoContext): Plan {
  const builder = new GraphBuilder(context.classes);
  const is22 = recipe.variant === "ti2v";
  const multiple = is22 ? 32 : 16;
  const size = { width: upTo(parameters.width, multiple), height: upTo(parameters.height, multiple) };
  const length = framesNear(parameters.duration * parameters.fps, { step: 4, extra: 1, max: is22 ? 121 : 81 });
  const unet = builder.add("UNETLoader", { unet_name: recipe.diffusion, weight_dtype: "default" });
  const clip = builder.add("CLIPLoader", { clip_name: recipe.textEncoder, type: "wan" });
  const vae = builder.add("VAELoader", { vae_name: recipe.vae });
  const positive = builder.add("CLIPTextEncode", { text: parameters.prompt, clip: [clip, 0] });
  const negative = builder.add("CLIPTextEncode", { text: parameters.negativePrompt, clip: [clip, 0] });
  const model = builder.add("ModelSamplingSD3", { model: [unet, 0], shift: 8 });
  const start = context.image === null ? null : builder.add("LoadImage", { image: context.image });
  const video = { ...size, length, batch_size: 1 };
  const from = { model: [model, 0], vae: [vae, 0], positive: [positive, 0], negative: [negative, 0] };
  let latent: unknown;
  switch (recipe.variant) {
    case "t2v":
      latent = [builder.add("EmptyHunyuanLatentVideo", video), 0];
      break;
    case "ti2v":
      latent = [builder.add("Wan22ImageToVideoLatent", { vae: [vae, 0], ...video, ...(start !== null && { start_image: [start, 0] }) }), 0];
      break;
    case "i2v": {
      const seen = recipe.clipVision === null || start === null ? null : builder.add("CLIPVisionLoader", { clip_name: recipe.clipVision });
      const vision = seen === null ? null : builder.add("CLIPVisionEncode", { clip_vision: [seen, 0], image: [start, 0], crop: "none" });
      const placed = builder.add("WanImageToVideo", {
        positive: from.positive,
        negative: from.negative,
        vae: [vae, 0],
        ...video,
        ...(start !== null && { start_image: [start, 0] }),
        ...(vision !== null && { clip_vision_output: [vision, 0] }),
      });
      from.positive = [placed, 0];
      from.negative = [placed, 1];
      latent = [placed, 2];
    }
  }
  const { seed, steps, cfgScale } = parameters;
  const pictures = sampled(builder, from, latent, { seed, steps, cfgScale, sampler: "uni_pc", scheduler: "simple", denoise: 1 });
  return ofLength(builder, pictures, { length, size, parameters }, context);
}

export function ltx(recipe: Extract<Recipe, { kind: "ltx" }>, { parameters }: VideoTask, context: VideoContext): Plan {
  const builder = new GraphBuilder(context.classes);
  const size = { width: upTo(parameters.width, 32), height: upTo(parameters.height, 32) };
  const length = framesNear(parameters.duration * parameters.fps, { step: 8, extra: 1, max: 257 });
  const loader = builder.add("CheckpointLoaderSimple", { ckpt_name: recipe.checkpoint });
  const clip = builder.add("CLIPLoader", { clip_name: recipe.textEncoder, type: "ltxv" });
  let positive: unknown = [builder.add("CLIPTextEncode", { text: parameters.prompt, clip: [clip, 0] }), 0];
  let negative: unknown = [builder.add("CLIPTextEncode", { text: parameters.negativePrompt, clip: [clip, 0] }), 0];
  const video = { ...size, length, batch_size: 1 };
  let latent: unknown;
  if (context.image === null) latent = [builder.add("EmptyLTXVLatentVideo", video), 0];
  else {
    const image = [builder.add("LoadImage", { image: context.image }), 0];
    const placed = builder.add("LTXVImgToVideo", { positive, negative, vae: [loader, 2], image, ...video });
    [positive, negative, latent] = [
      [placed, 0],
      [placed, 1],
      [placed, 2],
    ];
  }
  const timed = builder.add("LTXVConditioning", { positive, negative, frame_rate: parameters.fps });
  const sigmas = builder.add("LTXVScheduler", { steps: parameters.steps, latent });
  const sampler = builder.add("KSamplerSelect", { sampler_name: "euler" });
  const samples = builder.add("SamplerCustom", {
    model: [loader, 0],
    add_noise: true,
    noise_seed: parameters.seed,
    cfg: parameters.cfgScale,
    positive: [timed, 0],
    negative: [timed, 1],
    sampler: [sampler, 0],
    sigmas: [sigmas, 0],
    latent_image: latent,
  });
  const pictures = [builder.add("VAEDecode", { samples: [samples, 0], vae: [loader, 2] }), 0];
  return ofLength(builder, pictures, { length, size, parameters }, context);
}

interface Made {
  length: number;
  size: { width: number; height: number };
  parameters: VideoTask["parameters"];
}

/** Scales to the size that was asked for and plays it as long as was asked for. */
function ofLength(builder: GraphBuilder, pictures: unknown, { length, size, parameters }: Made, context: VideoContext): Plan {
  const { width, height, duration, fps } = parameters;
  const isRight = size.width === width && size.height === height;
  const scaled = isRight
    ? pictures
    : [builder.add("ImageScale", { image: pictures, upscale_method: "lanczos", width, height, crop: "center" }), 0];
  const notes: string[] = [];
  const isLoop = loops(parameters, length, notes);
  const playedFps = fpsFor(isLoop ? loopFrames(length) : length, duration);
  if (Math.abs(length - duration * fps) > 1) notes.push(framesNote(length, playedFps));
  return savedVideo(builder, isLoop ? thereAndBack(builder, scaled, length) : scaled, playedFps, context, notes);
}

/** Whether a loop was asked for and can be had; where not, a note says so. */
function loops(parameters: VideoTask["parameters"], frames: number, notes: string[]): boolean {
  if (!("videoLoop" in parameters) || !parameters.videoLoop) return false;
  const isPossible = canLoop(frames, parameters);
  if (!isPossible) notes.push(LOOP_LEFT_OUT);
  return isPossible;
}

/** So that `frames` last as long as was asked for; `CreateVideo` takes 1 to 120. */
const fpsFor = (frames: number, durationSeconds: number): number =>
  Math.min(120, Math.max(1, Math.round((frames / durationSeconds) * 100) / 100));

const framesNote = (frames: number, fps: number): string =>
  `该模型生成 ${frames} 帧，以每秒 ${fps} 帧播放 (this model makes ${frames} frames, played at ${fps} a second)`;

function savedVideo(builder: GraphBuilder, images: unknown, fps: number, { prefix }: VideoContext, notes: string[]): Plan {
  const video = builder.add("CreateVideo", { images, fps });
  const save = builder.add("SaveVideo", { video: [video, 0], filename_prefix: prefix, format: "mp4", codec: "h264" });
  // A poster at no cost: the first frame is there already.
  const still = builder.add("ImageFromBatch", { image: images, batch_index: 0, length: 1 });
  const thumbnail = builder.add("SaveImage", { images: [still, 0], filename_prefix: `${prefix}_thumb` });
  return { graph: builder.graph, results: [save], thumbnail, notes };
}
