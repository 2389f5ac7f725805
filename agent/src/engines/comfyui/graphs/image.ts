import type { EngineTask } from "@star-graph/shared/rest/generate";
import { EngineError } from "../../engine.ts";
import { GraphBuilder, type Plan } from "../graph.ts";
import type { NodeClasses } from "../object-info.ts";
import type { Control, ImageFiles } from "../recipes.ts";

export type TaskOf<Type extends EngineTask["type"]> = Extract<EngineTask, { type: Type }>;

/** Where files go, below the server's output folder: named by the job, so that an output node never repeats older names. */
interface Saving {
  prefix: string;
}
/** The name by which a `LoadImage` node finds the task's picture. */
interface Picture {
  image: string;
}

type Words = Pick<TaskOf<"TEXT2IMG">["parameters"], "prompt" | "negativePrompt">;

/** Checkpoint and both texts. */
export function conditioned(builder: GraphBuilder, { checkpoint }: ImageFiles, { prompt, negativePrompt }: Words) {
  const loader = builder.add("CheckpointLoaderSimple", { ckpt_name: checkpoint });
  const positive = builder.add("CLIPTextEncode", { text: prompt, clip: [loader, 1] });
  const negative = builder.add("CLIPTextEncode", { text: negativePrompt, clip: [loader, 1] });
  return { model: [loader, 0], vae: [loader, 2], positive: [positive, 0], negative: [negative, 0] };
}

interface Sampling {
  seed: number;
  steps: number;
  cfgScale: number;
  sampler: string;
  scheduler: string;
  denoise: number;
}
type Conditioned = Omit<ReturnType<typeof conditioned>, "vae"> & { vae: unknown };

/** Samples a latent and decodes it; returns the picture's link. */
export function sampled(builder: GraphBuilder, from: Conditioned, latent: unknown, sampling: Sampling): unknown {
  const { seed, steps, cfgScale, sampler, scheduler, denoise } = sampling;
  const { model, positive, negative } = from;
  const settings = { seed, steps, cfg: cfgScale, sampler_name: sampler, scheduler, denoise };
  const samples = builder.add("KSampler", { model, positive, negative, latent_image: latent, ...settings });
  return [builder.add("VAEDecode", { samples: [samples, 0], vae: from.vae }), 0];
}

const saved = (builder: GraphBuilder, images: unknown, { prefix }: Saving): Plan => {
  const save = builder.add("SaveImage", { images, filename_prefix: prefix });
  return { graph: builder.graph, results: [save], notes: [] };
};

export function textToImage(classes: NodeClasses, files: ImageFiles, { parameters }: TaskOf<"TEXT2IMG">, saving: Saving): Plan {
  const builder = new GraphBuilder(classes);
  const from = conditioned(builder, files, parameters);
  const { width, height, batchSize } = parameters;
  const latent = builder.add("EmptyLatentImage", { width, height, batch_size: batchSize });
  return saved(builder, sampled(builder, from, [latent, 0], parameters), saving);
}

export function imageToImage(classes: NodeClasses, files: ImageFiles, { parameters }: TaskOf<"IMG2IMG">, saving: Saving & Picture): Plan {
  const builder = new GraphBuilder(classes);
  const from = conditioned(builder, files, parameters);
  const scaled = fitted(builder, saving.image, parameters);
  const encoded = builder.add("VAEEncode", { pixels: scaled, vae: from.vae });
  const { batchSize, strength } = parameters;
  const latent = batchSize === 1 ? encoded : builder.add("RepeatLatentBatch", { samples: [encoded, 0], amount: batchSize });
  return saved(builder, sampled(builder, from, [latent, 0], { ...parameters, denoise: strength }), saving);
}

/** The picture filled into the size of the result, its middle kept. */
function fitted(builder: GraphBuilder, image: string, { width, height }: { width: number; height: number }): unknown {
  const loaded = builder.add("LoadImage", { image });
  return [builder.add("ImageScale", { image: [loaded, 0], upscale_method: "lanczos", width, height, crop: "center" }), 0];
}

/** What `Canny` is given: the thresholds that its users start from. */
const CANNY = { low_threshold: 0.1, high_threshold: 0.3 };

export function pose(
  classes: NodeClasses,
  { controls, ...files }: ImageFiles & { controls: ReadonlyMap<string, Control> },
  { parameters }: TaskOf<"POSE">,
  saving: Saving & Picture,
): Plan {
  const { controlType, controlStrength, width, height, batchSize } = parameters;
  const control = controls.get(controlType);
  if (!control) throw new EngineError("INTERNAL", `no ControlNet for ${controlType}`, { isRetryable: true });
  const builder = new GraphBuilder(classes);
  const from = conditioned(builder, files, parameters);
  const scaled = fitted(builder, saving.image, parameters);
  const { preprocessor } = control;
  const settings = preprocessor === "Canny" ? CANNY : { resolution: Math.min(width, height) };
  const hint = preprocessor === null ? scaled : [builder.add(preprocessor, { image: scaled, ...settings }), 0];
  const net = builder.add("ControlNetLoader", { control_net_name: control.controlNet });
  const applied = builder.add("ControlNetApplyAdvanced", {
    positive: from.positive,
    negative: from.negative,
    control_net: [net, 0],
    image: hint,
    strength: controlStrength,
    start_percent: 0,
    end_percent: 1,
    vae: from.vae,
  });
  const latent = builder.add("EmptyLatentImage", { width, height, batch_size: batchSize });
  const steered = { ...from, positive: [applied, 0], negative: [applied, 1] };
  return saved(builder, sampled(builder, steered, [latent, 0], { ...parameters, denoise: 1 }), saving);
}

/** The file fixes its factor: the result is scaled to the one that was asked for, or the model is used twice. */
export function upscale(
  classes: NodeClasses,
  files: ReadonlyMap<number, string>,
  { parameters }: TaskOf<"UPSCALE">,
  saving: Saving & Picture,
): Plan {
  const { scaleFactor, imageWidth, imageHeight } = parameters;
  const [factor, file] = files.has(scaleFactor) ? [scaleFactor, files.get(scaleFactor)] : (largestOf(files) ?? []);
  if (factor === undefined || file === undefined) throw new EngineError("MODEL_LOAD_FAILED", "no upscaler", { isRetryable: true });
  const builder = new GraphBuilder(classes);
  const loaded = builder.add("LoadImage", { image: saving.image });
  const loader = builder.add("UpscaleModelLoader", { model_name: file });
  let image = loaded;
  let reached = 1;
  while (reached < scaleFactor) {
    image = builder.add("ImageUpscaleWithModel", { upscale_model: [loader, 0], image: [image, 0] });
    reached *= Math.max(2, factor);
  }
  if (reached !== scaleFactor) {
    const size = { width: imageWidth * scaleFactor, height: imageHeight * scaleFactor };
    image = builder.add("ImageScale", { image: [image, 0], upscale_method: "lanczos", ...size, crop: "disabled" });
  }
  return saved(builder, [image, 0], saving);
}

const largestOf = (files: ReadonlyMap<number, string>): [number, string] | undefined => [...files].toSorted(([a], [b]) => b - a)[0];
