import { EngineTask } from "@star-graph/shared/rest/generate";

const WORDS = { prompt: "a cat", negativePrompt: "", seed: 1, steps: 2, cfgScale: 7, width: 64, height: 64 };
const MEASURED = { imageWidth: 64, imageHeight: 64 };
const SD15 = "stable-diffusion-v1-5";

type Changes = Record<string, unknown>;
/** Tasks of each type, as small as the recordings'. */
export const aTask = {
  textToImage: (changes: Changes = {}) => of("TEXT2IMG", { ...WORDS, modelName: SD15, ...changes }),
  imageToImage: (changes: Changes = {}) => of("IMG2IMG", { ...WORDS, ...MEASURED, modelName: SD15, strength: 0.5, ...changes }),
  upscale: (changes: Changes = {}) => of("UPSCALE", { ...MEASURED, model: "RealESRGAN", scaleFactor: 4, ...changes }),
  pose: (changes: Changes = {}) => of("POSE", { ...WORDS, ...MEASURED, modelName: SD15, controlType: "canny", ...changes }),
  textToVideo: (changes: Changes = {}) => of("TEXT2VIDEO", { ...WORDS, modelName: "stable-video-diffusion", duration: 2, ...changes }),
  imageToVideo: (changes: Changes = {}) =>
    of("IMG2VIDEO", { ...WORDS, ...MEASURED, modelName: "stable-video-diffusion-img2vid", duration: 2, ...changes }),
};

function of(type: EngineTask["type"], parameters: Changes): EngineTask {
  return EngineTask.parse({ type, parameters });
}
