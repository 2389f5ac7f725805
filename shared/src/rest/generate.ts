import { z } from "zod";
import type { TaskType } from "../task.ts";

/*
 * Bodies of spec chapters 5 and 6, with the defaults of its tables and examples. Where it gives no bounds, these are
 * those of an image service; a model can narrow them (`ModelLimits`), never widen them.
 */

/** Sizes come in blocks of this many pixels: latent models work on blocks of 8. */
export const SIZE_MULTIPLE = 8;
export const BOUNDS = {
  promptLength: 4000,
  sidePixels: { min: 64, max: 2048 },
  videoSidePixels: { min: 64, max: 1024 },
  steps: { min: 1, max: 150 },
  cfgScale: { min: 0, max: 30 },
  batchSize: { min: 1, max: 8 },
  durationSeconds: { min: 1, max: 10 },
  fps: { min: 1, max: 30 },
} as const;

/** The names that engines of this field share (ComfyUI's lists). */
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

/** Sampling steps when neither the request nor the model says how many. */
export const DEFAULT_STEPS = { TEXT2IMG: 30, IMG2IMG: 20, POSE: 20, TEXT2VIDEO: 25, IMG2VIDEO: 25 } as const;

export const DEFAULT_MODELS = {
  TEXT2IMG: "stable-diffusion-xl-base-1.0",
  IMG2IMG: "stable-diffusion-v1-5",
  UPSCALE: "RealESRGAN",
  POSE: "stable-diffusion-v1-5",
  TEXT2VIDEO: "stable-video-diffusion",
  IMG2VIDEO: "stable-video-diffusion-img2vid",
} as const satisfies Record<TaskType, string>;

const bounded = (schema: z.ZodNumber, { min, max }: { min: number; max: number }) => schema.min(min).max(max);
const integer = (bounds: { min: number; max: number }) => bounded(z.int(), bounds);
const side = (bounds: { min: number; max: number }) => integer(bounds).multipleOf(SIZE_MULTIPLE);

const Prompt = z.string().trim().min(1).max(BOUNDS.promptLength);
const NegativePrompt = z.string().max(BOUNDS.promptLength).default("");
const ModelName = z.string().min(1).max(128);
const Seed = integer({ min: -1, max: Number.MAX_SAFE_INTEGER }).default(-1).describe("-1 draws a random one; the task's detail shows it");
const Steps = integer(BOUNDS.steps);
/** Left out, the model's own default counts, and only then the document's. */
const stepsOf = (type: keyof typeof DEFAULT_STEPS) =>
  Steps.optional().meta({ default: DEFAULT_STEPS[type], description: "a model may have another default" });
const CfgScale = bounded(z.number(), BOUNDS.cfgScale);
const Unit = bounded(z.number(), { min: 0, max: 1 });
const Sampler = z.enum(SAMPLERS).default("euler");
const Scheduler = z.enum(SCHEDULERS).default("normal");
const Motion = {
  duration: integer(BOUNDS.durationSeconds).default(4).describe("seconds"),
  fps: integer(BOUNDS.fps).default(8),
  motionBucketId: integer({ min: 1, max: 255 }).default(127),
};

/** A day at most. */
const DeadlineSeconds = integer({ min: 1, max: 86_400 });

/** What every submission may say beside what to make. */
const Submission = {
  clientId: z.string().min(1).max(128).optional().describe("comes back in the task's messages and detail"),
  startWithinSeconds: DeadlineSeconds.optional().describe("ends with E008, free of charge, when no agent has it by then"),
  finishWithinSeconds: DeadlineSeconds.optional().describe("ends with E008, free of charge, when it is not done by then"),
  callbackUrl: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional()
    .describe("is sent the end of the task, signed as Standard Webhooks says"),
};
/** What a submission says to the edge alone: no engine sees it. */
const EDGE_ONLY = { clientId: true, startWithinSeconds: true, finishWithinSeconds: true, callbackUrl: true } as const;
/** The fields of `Submission`, as every body has them. */
export type Submission = z.infer<z.ZodObject<typeof Submission>>;

/** `data:image/png;base64,…` or bare base64; judged by its bytes once decoded. */
const ImageBase64 = z
  .string()
  .min(1)
  .meta({ contentEncoding: "base64", description: "PNG or JPEG, at most 10 MB decoded; may begin with `data:image/png;base64,`" });
const ImageUrl = z.url({ protocol: /^https?$/ }).max(2048);

/** Exactly one of the two ways to hand in a picture (decisions, "Tasks"); JSON Schema says it with `oneOf`. */
function exactlyOne<Fields extends z.ZodObject>(fields: Fields, ways: readonly [string, string]): Fields {
  const [a] = ways;
  const checked = fields.check((context) => {
    const given = ways.filter((name) => context.value[name] !== undefined);
    if (given.length === 1) return;
    const message = given.length === 0 ? `one of ${ways.join(" and ")} is required` : `only one of ${ways.join(" and ")} may be given`;
    context.issues.push({ code: "custom", input: context.value, path: [a], message });
  });
  return checked.meta({ oneOf: ways.map((name) => ({ required: [name] })) });
}
const IMAGE = ["imageBase64", "imageUrl"] as const;
const POSE_IMAGE = ["poseImageBase64", "poseImageUrl"] as const;

/** Spec 5.1. */
export const Text2ImgBody = z.object({
  prompt: Prompt,
  negativePrompt: NegativePrompt,
  modelName: ModelName.default(DEFAULT_MODELS.TEXT2IMG),
  width: side(BOUNDS.sidePixels).default(1024),
  height: side(BOUNDS.sidePixels).default(1024),
  steps: stepsOf("TEXT2IMG"),
  cfgScale: CfgScale.default(7.5),
  seed: Seed,
  sampler: Sampler,
  scheduler: Scheduler,
  denoise: Unit.default(1),
  batchSize: integer(BOUNDS.batchSize).default(1),
  ...Submission,
});
export type Text2ImgBody = z.infer<typeof Text2ImgBody>;

const Img2ImgFields = z.object({
  prompt: Prompt,
  negativePrompt: NegativePrompt,
  imageBase64: ImageBase64.optional(),
  imageUrl: ImageUrl.optional(),
  strength: Unit.default(0.7).describe("how much is changed"),
  modelName: ModelName.default(DEFAULT_MODELS.IMG2IMG),
  width: side(BOUNDS.sidePixels).default(512),
  height: side(BOUNDS.sidePixels).default(512),
  steps: stepsOf("IMG2IMG"),
  cfgScale: CfgScale.default(7),
  seed: Seed,
  sampler: Sampler,
  scheduler: Scheduler,
  batchSize: integer(BOUNDS.batchSize).default(1),
  ...Submission,
});
/** Spec 5.2. */
export const Img2ImgBody = exactlyOne(Img2ImgFields, IMAGE);

const UpscaleFields = z.object({
  imageBase64: ImageBase64.optional(),
  imageUrl: ImageUrl.optional(),
  scaleFactor: z.union([z.literal(2), z.literal(4)]).default(2),
  model: ModelName.default(DEFAULT_MODELS.UPSCALE),
  ...Submission,
});
/** Spec 5.3. */
export const UpscaleBody = exactlyOne(UpscaleFields, IMAGE);

const PoseFields = z.object({
  prompt: Prompt,
  negativePrompt: NegativePrompt,
  poseImageBase64: ImageBase64.optional(),
  poseImageUrl: ImageUrl.optional(),
  controlType: z.enum(["openpose", "canny", "depth"]).default("openpose"),
  controlStrength: bounded(z.number(), { min: 0, max: 2 }).default(1),
  modelName: ModelName.default(DEFAULT_MODELS.POSE),
  width: side(BOUNDS.sidePixels).default(512),
  height: side(BOUNDS.sidePixels).default(768),
  steps: stepsOf("POSE"),
  cfgScale: CfgScale.default(7),
  seed: Seed,
  sampler: Sampler,
  scheduler: Scheduler,
  batchSize: integer(BOUNDS.batchSize).default(1),
  ...Submission,
});
/** Spec 5.4. */
export const PoseBody = exactlyOne(PoseFields, POSE_IMAGE);

/** Spec 6.1. */
export const Text2VideoBody = z.object({
  prompt: Prompt,
  negativePrompt: NegativePrompt,
  modelName: ModelName.default(DEFAULT_MODELS.TEXT2VIDEO),
  width: side(BOUNDS.videoSidePixels).default(512),
  height: side(BOUNDS.videoSidePixels).default(512),
  ...Motion,
  cfgScale: CfgScale.default(7.5),
  steps: stepsOf("TEXT2VIDEO"),
  seed: Seed,
  ...Submission,
});

const Img2VideoFields = z.object({
  imageBase64: ImageBase64.optional(),
  imageUrl: ImageUrl.optional(),
  prompt: z.string().trim().max(BOUNDS.promptLength).default(""),
  negativePrompt: NegativePrompt,
  modelName: ModelName.default(DEFAULT_MODELS.IMG2VIDEO),
  width: side(BOUNDS.videoSidePixels).default(512),
  height: side(BOUNDS.videoSidePixels).default(512),
  ...Motion,
  augmentationLevel: Unit.default(0),
  cfgScale: CfgScale.default(2.5),
  steps: stepsOf("IMG2VIDEO"),
  seed: Seed,
  videoLoop: z.boolean().default(false),
  ...Submission,
});
/** Spec 6.2. */
export const Img2VideoBody = exactlyOne(Img2VideoFields, IMAGE);

export const GENERATE_BODIES = {
  TEXT2IMG: Text2ImgBody,
  IMG2IMG: Img2ImgBody,
  UPSCALE: UpscaleBody,
  POSE: PoseBody,
  TEXT2VIDEO: Text2VideoBody,
  IMG2VIDEO: Img2VideoBody,
} as const satisfies Record<TaskType, z.ZodType>;

/** A request of any type, as it came in. */
export type GenerateRequest = { [Type in TaskType]: { type: Type; body: z.infer<(typeof GENERATE_BODIES)[Type]> } }[TaskType];

/** What submission settles. */
const Settled = { seed: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), steps: Steps };
/** An input picture that an engine is given as a file; the edge has looked at its bytes. */
const InputPicture = { imageWidth: z.int().positive(), imageHeight: z.int().positive() };

/*
 * What an engine is given: the request with seed and steps settled and its picture measured, without what only the client
 * needs. The picture itself comes as the attempt's input file.
 */
export const Text2ImgParameters = Text2ImgBody.omit(EDGE_ONLY).extend(Settled);
export const Img2ImgParameters = Img2ImgFields.omit({ ...EDGE_ONLY, imageBase64: true, imageUrl: true }).extend({
  ...Settled,
  ...InputPicture,
});
export const UpscaleParameters = UpscaleFields.omit({ ...EDGE_ONLY, imageBase64: true, imageUrl: true }).extend(InputPicture);
export const PoseParameters = PoseFields.omit({ ...EDGE_ONLY, poseImageBase64: true, poseImageUrl: true }).extend({
  ...Settled,
  ...InputPicture,
});
export const Text2VideoParameters = Text2VideoBody.omit(EDGE_ONLY).extend(Settled);
export const Img2VideoParameters = Img2VideoFields.omit({ ...EDGE_ONLY, imageBase64: true, imageUrl: true }).extend({
  ...Settled,
  ...InputPicture,
});
export type Text2ImgParameters = z.infer<typeof Text2ImgParameters>;

/** A task as an engine sees it. */
export const EngineTask = z.discriminatedUnion("type", [
  z.object({ type: z.literal("TEXT2IMG"), parameters: Text2ImgParameters }),
  z.object({ type: z.literal("IMG2IMG"), parameters: Img2ImgParameters }),
  z.object({ type: z.literal("UPSCALE"), parameters: UpscaleParameters }),
  z.object({ type: z.literal("POSE"), parameters: PoseParameters }),
  z.object({ type: z.literal("TEXT2VIDEO"), parameters: Text2VideoParameters }),
  z.object({ type: z.literal("IMG2VIDEO"), parameters: Img2VideoParameters }),
]);
export type EngineTask = z.infer<typeof EngineTask>;

/** Answer of every generate route (spec 5.1, 6.1); the last three only for videos. */
/** Beside spec 5's one number: how wrong it may be, from how far such tasks were off lately and from who else waits. */
const EstimatedTimeRange = z.object({ low: z.int(), high: z.int() }).describe("seconds, at best and at worst");

export const GenerateAnswer = z.object({
  taskId: z.string(),
  queuePosition: z.int().describe("0: a GPU is free now"),
  estimatedTime: z.int().describe("seconds"),
  estimatedTimeRange: EstimatedTimeRange.optional(),
  cost: z.int().describe("credits, held until the task ends"),
  duration: z.int().optional(),
  fps: z.int().optional(),
  totalFrames: z.int().optional(),
});
export type GenerateAnswer = z.infer<typeof GenerateAnswer>;

/** A submission that says its type: the body of a quote, or one of a batch. */
export const TypedBody = z.discriminatedUnion("type", [
  Text2ImgBody.extend({ type: z.literal("TEXT2IMG") }),
  exactlyOne(Img2ImgFields.extend({ type: z.literal("IMG2IMG") }), IMAGE),
  exactlyOne(UpscaleFields.extend({ type: z.literal("UPSCALE") }), IMAGE),
  exactlyOne(PoseFields.extend({ type: z.literal("POSE") }), POSE_IMAGE),
  Text2VideoBody.extend({ type: z.literal("TEXT2VIDEO") }),
  exactlyOne(Img2VideoFields.extend({ type: z.literal("IMG2VIDEO") }), IMAGE),
]);
export type TypedBody = z.infer<typeof TypedBody>;

export function toGenerateRequest(typed: TypedBody): GenerateRequest {
  const { type, ...body } = typed;
  // Type and body come from one member of the union, which TypeScript loses sight of here.
  return { type, body } as GenerateRequest;
}

/** Answer of `POST /api/v1/generate/quote`: what a submission would be told now. */
export const QuoteAnswer = z.object({
  cost: z.int().describe("credits"),
  isAdmitted: z.boolean().describe("whether it would be taken now"),
  refusal: z
    .object({ code: z.union([z.int(), z.string()]), message: z.string() })
    .optional()
    .describe("why not: E002, E003 or E007"),
  queuePosition: z.int().optional().describe("0: a GPU is free now"),
  estimatedTime: z.int().optional().describe("seconds"),
  estimatedTimeRange: EstimatedTimeRange.optional(),
});
export type QuoteAnswer = z.infer<typeof QuoteAnswer>;

export const MAX_BATCH = 50;
/** Body of `POST /api/v1/generate/batch`, as it should be. */
export const BatchBody = z.object({ tasks: z.array(TypedBody).min(1).max(MAX_BATCH) });
/** What of it must be right for the whole: each task is checked by itself. */
export const BatchFrame = z.object({ tasks: z.array(z.unknown()).min(1).max(MAX_BATCH) });

/** Answer of `POST /api/v1/generate/batch`: one entry for each task, in order, with what a single submission answers. */
export const BatchAnswer = z.object({
  accepted: z.int().describe("how many were taken"),
  results: z.array(
    z.object({
      code: z.union([z.int(), z.string()]),
      message: z.string(),
      data: z.union([GenerateAnswer, z.object({ issues: z.array(z.object({ path: z.string(), message: z.string() })) })]).optional(),
    }),
  ),
});
export type BatchAnswer = z.infer<typeof BatchAnswer>;
