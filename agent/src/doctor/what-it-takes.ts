import type { TaskType } from "@star-graph/shared/task";

const CHECKPOINT = "sd_xl_base_1.0* or v1-5-pruned* in its checkpoints, or others that the config file names under models";
const NO_VIDEO = "cannot make videos";
const NOT_LISTED = "needs it in the types of a model, in the config file";

/**
 * What an engine that answers lacks for a type of task, by its name; the page for owners lists the same files. An engine that is
 * not here can do whatever it can at once.
 */
const LACKING: Readonly<Record<string, Readonly<Record<TaskType, string>>>> = {
  comfyui: {
    TEXT2IMG: `needs ${CHECKPOINT}`,
    IMG2IMG: `needs ${CHECKPOINT}`,
    UPSCALE: "needs RealESRGAN_x4plus.pth in its upscale_models",
    POSE: "needs control_v11p_sd15_canny* (or …openpose*, …depth*) in its controlnet, and v1-5-pruned* in its checkpoints",
    TEXT2VIDEO: "needs svd_xt* and a Stable Diffusion checkpoint, or the files of Wan or LTX",
    IMG2VIDEO: "needs svd_xt* in its checkpoints, or the files of Wan or LTX",
  },
  sdapi: {
    TEXT2IMG: `needs ${CHECKPOINT}`,
    IMG2IMG: `needs ${CHECKPOINT}`,
    UPSCALE: "needs the upscaler R-ESRGAN 4x+ of a WebUI, or another that the config file names under upscalers",
    POSE: "needs the extension ControlNet of a WebUI, with a model of the checkpoint's family and a preprocessor",
    TEXT2VIDEO: NO_VIDEO,
    IMG2VIDEO: NO_VIDEO,
  },
  command: {
    TEXT2IMG: NOT_LISTED,
    IMG2IMG: NOT_LISTED,
    UPSCALE: NOT_LISTED,
    POSE: NOT_LISTED,
    TEXT2VIDEO: NOT_LISTED,
    IMG2VIDEO: NOT_LISTED,
  },
};

export const lackingFor = (engine: string, type: TaskType): string => `${engine} ${LACKING[engine]?.[type] ?? "has no model for it"}`;

/** What to do about an engine that does not answer. */
const REVIVING: Readonly<Record<string, string>> = {
  comfyui: "Start ComfyUI, or say with --engine what else is to draw",
  sdapi: "Start the WebUI with --api, or stable-diffusion.cpp's server, or say with --engine what else is to draw",
  command: "Check the program that the config file names",
};

export const revivalOf = (engine: string): string | undefined => REVIVING[engine];
