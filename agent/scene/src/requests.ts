/** What can be asked of the engine and what comes back. The names are those of the API document, chapters 5 and 6. */

interface Sampling {
  /** 0 .. 2^53-1. */
  seed: number;
  /** 1 .. 150. */
  steps: number;
  /** How firmly the layout follows the plan; 5-9 is usual. */
  cfgScale: number;
}

interface Prompts {
  prompt: string;
  /** What it names is left out of the picture. */
  negativePrompt: string;
}

/** Pixels. */
export interface PixelSize {
  width: number;
  height: number;
}

export interface SceneRequest extends Prompts, Sampling, PixelSize {}

export interface ImageToImageRequest extends SceneRequest {
  /** PNG, JPEG or WebP. */
  image: Uint8Array;
  /** 0 keeps the input, 1 ignores it. */
  strength: number;
}

export interface UpscaleRequest {
  /** PNG, JPEG or WebP. */
  image: Uint8Array;
  scaleFactor: 2 | 4;
  /** A name that contains "photo", "art" or "lanczos" chooses the method; any other leaves it to the picture. */
  model: string;
}

export type ControlType = "openpose" | "canny" | "depth";

export interface ControlRequest extends SceneRequest {
  /** The drawn skeleton, the edges (light on dark) or the depth map (light is near). */
  image: Uint8Array;
  controlType: ControlType;
  /** 0 .. 2; 0 ignores the hint, 1 and more hold it exactly. */
  controlStrength: number;
}

interface Filming {
  /** Seconds. */
  duration: number;
  /** Frames per second; the video has `duration * fps` frames. */
  fps: number;
  /** 1 .. 255: how much moves. */
  motionBucketId: number;
  /** The frame after the last one would be the first one. */
  videoLoop: boolean;
}

export interface TextToVideoRequest extends SceneRequest, Filming {}

export interface ImageToVideoRequest extends Prompts, Sampling, PixelSize, Filming {
  /** PNG, JPEG or WebP. */
  image: Uint8Array;
  /** 0 .. 1: how much is added to the picture that is not in it. */
  augmentationLevel: number;
}

export interface SceneStep {
  /** 1 .. totalSteps. */
  step: number;
  totalSteps: number;
  /** JPEG of the picture as it is at this step, at most 256 px on the long side and 20 KB. */
  renderPreview(): Promise<Uint8Array>;
}

export interface SceneOptions {
  signal: AbortSignal;
  onStep(step: SceneStep): void | Promise<void>;
}

export interface ScenePicture extends PixelSize {
  png: Uint8Array;
  /** WebP, 256 px on the long side. */
  thumbnail: Uint8Array;
  /** Words of the prompt that had no effect. */
  unknownWords: string[];
}

export interface SceneResult extends PixelSize {
  bytes: Uint8Array;
  format: "PNG" | "MP4";
  /** WebP, 256 px on the long side. */
  thumbnail: Uint8Array;
  /** The first frame of a video as WebP, at its full size. */
  poster?: Uint8Array;
  fps?: number;
  frames?: number;
  /** Words of the prompt that had no effect. */
  unknownWords: string[];
  /** What was done differently from what was asked, in words. */
  notes: string[];
}

/** Everything the workers can be asked, by name. */
export interface Requests {
  generate: SceneRequest;
  imageToImage: ImageToImageRequest;
  upscale: UpscaleRequest;
  control: ControlRequest;
  textToVideo: TextToVideoRequest;
  imageToVideo: ImageToVideoRequest;
}
export type RequestName = keyof Requests;

/** The picture cannot be used as it is; another one may. Trying again does not help. */
export class UnusableImageError extends Error {
  override readonly name = "UnusableImageError";
}
