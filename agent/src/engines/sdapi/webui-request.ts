import type { EngineTask } from "@star-graph/shared/rest/generate";
import { EngineError } from "../engine.ts";
import { plainWords, samplingOf } from "./names.ts";
import type { Order } from "./server.ts";

/** What a WebUI is asked, and how its answer is read. */
export interface WebUiRequest {
  path: string;
  body: Record<string, unknown>;
  notes: string[];
}

interface Context {
  /** Under which the server knows the job; servers that have no such field ignore it. */
  taskId: string;
  samplers: readonly string[];
  schedulers: readonly string[];
}

type TaskOf<Type extends EngineTask["type"]> = Extract<EngineTask, { type: Type }>;

/** ControlNet's default size would show in the result; `pixel_perfect` takes the picture's own. */
const CONTROL = { enabled: true, resize_mode: "Crop and Resize", control_mode: "Balanced", pixel_perfect: true };

/**
 * The request of `/sdapi/v1/` that does a task. Nothing is saved on the owner's disk.
 * @throws {EngineError} when this recipe cannot do it.
 */
export function requestOf({ recipe, task, image }: Order, context: Context): WebUiRequest {
  const picture = (): string => {
    if (!image) throw new EngineError("INTERNAL", "the task came without its picture", { isRetryable: false });
    return Buffer.from(image.bytes).toString("base64");
  };
  if (recipe.kind === "upscale" && task.type === "UPSCALE") {
    const body = { image: picture(), upscaler_1: recipe.upscaler, resize_mode: 0, upscaling_resize: task.parameters.scaleFactor };
    return { path: "sdapi/v1/extra-single-image", body, notes: [] };
  }
  if (recipe.kind !== "image") throw unable(task);
  const { checkpoint, controls } = recipe;
  switch (task.type) {
    case "TEXT2IMG": {
      const { body, notes } = drawing(checkpoint, task, context);
      if (task.parameters.denoise < 1) notes.push("该引擎不使用 denoise 参数 (this engine does not use denoise)");
      return { path: "sdapi/v1/txt2img", body, notes };
    }
    case "IMG2IMG": {
      const { body, notes } = drawing(checkpoint, task, context);
      // 1: filled into the size of the result, its middle kept.
      const start = { init_images: [picture()], resize_mode: 1, denoising_strength: task.parameters.strength };
      return { path: "sdapi/v1/img2img", body: { ...body, ...start }, notes };
    }
    case "POSE": {
      const { body, notes } = drawing(checkpoint, task, context);
      const { controlType, controlStrength } = task.parameters;
      const control = controls.get(controlType);
      if (!control) throw new EngineError("INTERNAL", `no ControlNet for ${controlType}`, { isRetryable: true });
      const unit = { ...CONTROL, image: picture(), module: control.module, model: control.model, weight: controlStrength };
      return { path: "sdapi/v1/txt2img", body: { ...body, alwayson_scripts: { ControlNet: { args: [unit] } } }, notes };
    }
    case "UPSCALE":
    case "TEXT2VIDEO":
    case "IMG2VIDEO":
      throw unable(task);
  }
}

const unable = (task: EngineTask): EngineError => new EngineError("INTERNAL", `this model cannot do ${task.type}`, { isRetryable: true });

function drawing(checkpoint: string, { parameters }: TaskOf<"TEXT2IMG" | "IMG2IMG" | "POSE">, context: Context) {
  const { prompt, negativePrompt, width, height, steps, cfgScale, seed, batchSize } = parameters;
  const { sampler, scheduler, notes } = samplingOf(parameters, context);
  const body: Record<string, unknown> = {
    prompt: plainWords(prompt),
    negative_prompt: plainWords(negativePrompt),
    width,
    height,
    steps,
    cfg_scale: cfgScale,
    seed,
    batch_size: batchSize,
    n_iter: 1,
    ...(sampler !== undefined && { sampler_name: sampler }),
    ...(scheduler !== undefined && { scheduler }),
    // Going back to what the owner had chosen would cost two loads a task.
    override_settings: { sd_model_checkpoint: checkpoint },
    override_settings_restore_afterwards: false,
    send_images: true,
    save_images: false,
    force_task_id: context.taskId,
  };
  return { body, notes };
}
