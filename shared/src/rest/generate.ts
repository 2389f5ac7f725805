import { z } from "zod";

/** Sizes that every model accepts unless it says otherwise: latent models work in blocks of 8 pixels. */
export const SIZE_MULTIPLE = 8;
const Side = z.number().int().min(64).max(2048).multipleOf(SIZE_MULTIPLE);

/** The names engines of this field share (ComfyUI's lists). */
export const SAMPLERS = [
  "euler",
  "euler_ancestral",
  "heun",
  "dpm_2",
  "dpm_2_ancestral",
  "lms",
  "dpm_fast",
  "dpm_adaptive",
  "dpmpp_2s_ancestral",
  "dpmpp_sde",
  "dpmpp_2m",
  "dpmpp_2m_sde",
  "dpmpp_3m_sde",
  "ddpm",
  "lcm",
  "ddim",
  "uni_pc",
  "uni_pc_bh2",
] as const;
export const SCHEDULERS = ["normal", "karras", "exponential", "sgm_uniform", "simple", "ddim_uniform", "beta"] as const;

export const DEFAULT_TEXT2IMG_MODEL = "stable-diffusion-xl-base-1.0";

/** Body of `POST /api/v1/generate/text2img` (spec 5.1), defaults as in its table. `seed` -1 asks for a random one. */
export const Text2ImgBody = z.object({
  prompt: z.string().trim().min(1).max(4000),
  negativePrompt: z.string().max(4000).default(""),
  modelName: z.string().min(1).max(128).default(DEFAULT_TEXT2IMG_MODEL),
  width: Side.default(1024),
  height: Side.default(1024),
  steps: z.number().int().min(1).max(150).default(30),
  cfgScale: z.number().min(0).max(30).default(7.5),
  seed: z.number().int().min(-1).max(Number.MAX_SAFE_INTEGER).default(-1),
  sampler: z.enum(SAMPLERS).default("euler"),
  scheduler: z.enum(SCHEDULERS).default("normal"),
  denoise: z.number().min(0).max(1).default(1),
  batchSize: z.number().int().min(1).max(8).default(1),
  clientId: z.string().min(1).max(128).optional(),
});
export type Text2ImgBody = z.infer<typeof Text2ImgBody>;

/** What an engine is given for a TEXT2IMG task: the request with its seed drawn, without what only the client needs. */
export const Text2ImgParameters = Text2ImgBody.omit({ clientId: true }).extend({
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});
export type Text2ImgParameters = z.infer<typeof Text2ImgParameters>;

/** A task as an engine sees it. Each further type adds its own member. */
export const EngineTask = z.discriminatedUnion("type", [z.object({ type: z.literal("TEXT2IMG"), parameters: Text2ImgParameters })]);
export type EngineTask = z.infer<typeof EngineTask>;

/** Answer of spec 5.1. `queuePosition` 0 means that a GPU is free now; `estimatedTime` is in seconds. */
export interface GenerateAnswer {
  taskId: string;
  queuePosition: number;
  estimatedTime: number;
  cost: number;
}
