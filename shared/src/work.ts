import type { EngineTask } from "./rest/generate.ts";

/** How much there is to do in a task. */
export interface Work {
  /** Width × height of one picture or frame as it comes out. */
  pixels: number;
  /** Pixels × steps × pictures or frames: what running time and price are proportional to. */
  work: number;
  /** Frames of a video; 1 for pictures. */
  frames: number;
  /** What an agent has to be able to do beyond the type, by the names of `AgentModel.features`. */
  features: string[];
}

/** Upscaling has no steps: it costs about as much as this many steps at its output size. */
const UPSCALE_STEPS = 10;

export function workOf(task: EngineTask): Work {
  switch (task.type) {
    case "TEXT2IMG":
    case "IMG2IMG":
    case "POSE": {
      const { width, height, steps, batchSize } = task.parameters;
      const features = task.type === "POSE" ? [`pose:${task.parameters.controlType.toUpperCase()}`] : [];
      return { pixels: width * height, work: width * height * steps * batchSize, frames: 1, features };
    }
    case "UPSCALE": {
      const { imageWidth, imageHeight, scaleFactor } = task.parameters;
      const pixels = imageWidth * imageHeight * scaleFactor ** 2;
      return { pixels, work: pixels * UPSCALE_STEPS, frames: 1, features: [] };
    }
    case "TEXT2VIDEO":
    case "IMG2VIDEO": {
      const { width, height, steps, duration, fps } = task.parameters;
      const frames = duration * fps;
      return { pixels: width * height, work: width * height * steps * frames, frames, features: [] };
    }
  }
}

/** The model a task asks for: spec 5.3 calls it `model`, all others `modelName`. */
export function modelOf(task: EngineTask): string {
  return task.type === "UPSCALE" ? task.parameters.model : task.parameters.modelName;
}

/** What the picture should show; upscaling (spec 5.3) has no words. */
export function promptOf(task: EngineTask): string {
  return task.type === "UPSCALE" ? "" : task.parameters.prompt;
}

/** What a task's result has to be, whoever made it. */
export interface Output {
  files: number;
  width: number;
  height: number;
  isVideo: boolean;
}

export function outputOf(task: EngineTask): Output {
  switch (task.type) {
    case "TEXT2IMG":
    case "IMG2IMG":
    case "POSE": {
      const { width, height, batchSize } = task.parameters;
      return { files: batchSize, width, height, isVideo: false };
    }
    case "UPSCALE": {
      const { imageWidth, imageHeight, scaleFactor } = task.parameters;
      return { files: 1, width: imageWidth * scaleFactor, height: imageHeight * scaleFactor, isVideo: false };
    }
    case "TEXT2VIDEO":
    case "IMG2VIDEO": {
      const { width, height } = task.parameters;
      return { files: 1, width, height, isVideo: true };
    }
  }
}
