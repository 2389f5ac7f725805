import type { Family } from "../known-models.ts";

/** The loader whose list a family's main file stands in: being in that list is what makes a server able. */
export const LOADERS: Readonly<Record<Family, { className: string; input: string; folder: string }>> = {
  sd15: { className: "CheckpointLoaderSimple", input: "ckpt_name", folder: "checkpoints" },
  sdxl: { className: "CheckpointLoaderSimple", input: "ckpt_name", folder: "checkpoints" },
  upscaler: { className: "UpscaleModelLoader", input: "model_name", folder: "upscale_models" },
  svd: { className: "ImageOnlyCheckpointLoader", input: "ckpt_name", folder: "checkpoints" },
  "wan2.1-t2v": { className: "UNETLoader", input: "unet_name", folder: "diffusion_models" },
  "wan2.1-i2v": { className: "UNETLoader", input: "unet_name", folder: "diffusion_models" },
  "wan2.2-ti2v": { className: "UNETLoader", input: "unet_name", folder: "diffusion_models" },
  ltx: { className: "CheckpointLoaderSimple", input: "ckpt_name", folder: "checkpoints" },
};
