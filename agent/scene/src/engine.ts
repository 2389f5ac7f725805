/** The built-in engine as its caller sees it: plain requests in, finished files out, the computing in other threads. */
import { createWorkerPool } from "./pool/worker-pool.ts";
import type { Job } from "./pool/messages.ts";
import type {
  ControlRequest,
  ImageToImageRequest,
  ImageToVideoRequest,
  SceneOptions,
  ScenePicture,
  SceneRequest,
  SceneResult,
  TextToVideoRequest,
  UpscaleRequest,
} from "./requests.ts";
import type { RuntimeName } from "./runtime.ts";

/** Pictures from words. */
export interface SceneEngine {
  readonly modelName: "stargraph-scene";
  readonly runtime: RuntimeName;
  /** @throws the signal's reason as soon as it is aborted; the thread behind it stops within a step. */
  generate(request: SceneRequest, options: SceneOptions): Promise<ScenePicture>;
  close(): Promise<void>;
}

/** All six tasks of the API document. Every method treats its signal as `generate` does. */
export interface SixTaskEngine extends SceneEngine {
  /** @throws {UnusableImageError} when the input is no picture; so do all that take one. */
  imageToImage(request: ImageToImageRequest, options: SceneOptions): Promise<SceneResult>;
  upscale(request: UpscaleRequest, options: SceneOptions): Promise<SceneResult>;
  control(request: ControlRequest, options: SceneOptions): Promise<SceneResult>;
  textToVideo(request: TextToVideoRequest, options: SceneOptions): Promise<SceneResult>;
  imageToVideo(request: ImageToVideoRequest, options: SceneOptions): Promise<SceneResult>;
}

export interface EngineSettings {
  /** Drawing threads at most; one per core, and no more than four, when left out. */
  threads?: number;
}

/** Starts the first thread and loads the weights and the words; the drawings are unpacked with the first picture. */
export async function loadSceneEngine({ threads }: EngineSettings = {}): Promise<SixTaskEngine> {
  const pool = createWorkerPool(threads);
  const runtime = await pool.start();
  const run = (job: Job, options: SceneOptions): Promise<SceneResult> => pool.run(job, options);
  return {
    modelName: "stargraph-scene",
    runtime,
    generate: async (request, options) => {
      const { bytes, thumbnail, width, height, unknownWords } = await run({ name: "generate", request }, options);
      return { png: bytes, thumbnail, width, height, unknownWords };
    },
    imageToImage: (request, options) => run({ name: "imageToImage", request }, options),
    upscale: (request, options) => run({ name: "upscale", request }, options),
    control: (request, options) => run({ name: "control", request }, options),
    textToVideo: (request, options) => run({ name: "textToVideo", request }, options),
    imageToVideo: (request, options) => run({ name: "imageToVideo", request }, options),
    close: () => pool.close(),
  };
}
