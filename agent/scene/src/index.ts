export { loadSceneEngine } from "./engine.ts";
export type { EngineSettings, SceneEngine, SixTaskEngine } from "./engine.ts";
export { UnusableImageError } from "./requests.ts";
export type {
  ControlRequest,
  ControlType,
  ImageToImageRequest,
  ImageToVideoRequest,
  SceneOptions,
  ScenePicture,
  SceneRequest,
  SceneResult,
  SceneStep,
  TextToVideoRequest,
  UpscaleRequest,
} from "./requests.ts";
