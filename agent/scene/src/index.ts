export { loadSceneEngine } from "./engine.ts";
export type { SceneEngine, SceneOptions, ScenePicture, SceneRequest, SceneStep } from "./engine.ts";
