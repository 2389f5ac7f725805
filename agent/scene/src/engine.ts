/** The built-in engine: text -> plan -> denoised layout -> drawn picture. */
import { loadArtBook, type ArtBook } from "./art-book.ts";
import { readConcepts, readWeights } from "./assets.ts";
import { compose } from "./compose.ts";
import { buildConceptBook } from "./concept-book.ts";
import { conditioningOf } from "./conditioning.ts";
import { drawSvg } from "./draw.ts";
import { frameFor } from "./frame.ts";
import { readLayout } from "./layout.ts";
import { loadLayoutModel } from "./layout-model.ts";
import { buildLexicon } from "./lexicon.ts";
import { makePlan, type Plan } from "./plan.ts";
import { previewSize, rasterSize, renderPicture, renderPreviewJpeg, type PixelSize } from "./raster.ts";
import type { RuntimeName } from "./runtime.ts";
import { sampleLayout } from "./sampler.ts";
import { readWish, without } from "./wish.ts";

export interface SceneRequest {
  prompt: string;
  /** What it names is left out of the picture. */
  negativePrompt: string;
  /** 0 .. 2^53-1. */
  seed: number;
  /** 1 .. 150. */
  steps: number;
  /** How firmly the layout follows the plan; 5-9 is usual. */
  cfgScale: number;
  /** Pixels. */
  width: number;
  height: number;
}

export interface SceneStep {
  /** 1 .. totalSteps. */
  step: number;
  totalSteps: number;
  /** JPEG of this step's predicted clean layout, at most 256 px on the long side and 20 KB. */
  renderPreview(): Promise<Uint8Array>;
}

export interface ScenePicture {
  png: Uint8Array;
  /** WebP, 256 px on the long side. */
  thumbnail: Uint8Array;
  width: number;
  height: number;
  /** Words of the prompt that had no effect. */
  unknownWords: string[];
}

export interface SceneOptions {
  signal: AbortSignal;
  onStep(step: SceneStep): void | Promise<void>;
}

export interface SceneEngine {
  readonly modelName: "stargraph-scene";
  readonly runtime: RuntimeName;
  /** @throws the signal's reason, at most one step after it was aborted. */
  generate(request: SceneRequest, options: SceneOptions): Promise<ScenePicture>;
  close(): Promise<void>;
}

function drawLatent(latent: Float32Array, plan: Plan, request: SceneRequest, size: PixelSize, art: ArtBook): string {
  const frame = frameFor(request.width, request.height);
  const composition = compose(plan, readLayout(latent), frame, request.seed, art);
  return drawSvg(plan, composition, request.seed, size.width, size.height);
}

/** Loads the weights and the words; the drawings are unpacked with the first picture. */
export async function loadSceneEngine(): Promise<SceneEngine> {
  const [model, concepts] = await Promise.all([readWeights().then(loadLayoutModel), readConcepts()]);
  const lexicon = buildLexicon(concepts);
  const book = buildConceptBook(concepts);
  let artBook: Promise<ArtBook> | undefined;

  return {
    modelName: "stargraph-scene",
    runtime: model.runtime,
    generate: async (request, options) => {
      const { signal } = options;
      signal.throwIfAborted();
      artBook ??= loadArtBook();
      const art = await artBook;
      const asked = readWish(request.prompt, lexicon);
      const unwanted = readWish(request.negativePrompt, lexicon);
      const plan = makePlan(without(asked, unwanted), unwanted, request.prompt, request.seed, book);
      const latent = await sampleLayout(model, conditioningOf(plan), {
        seed: request.seed,
        steps: request.steps,
        cfgScale: request.cfgScale,
        signal,
        onStep: (step, clean) =>
          options.onStep({
            step,
            totalSteps: request.steps,
            renderPreview: async () => renderPreviewJpeg(drawLatent(clean, plan, request, previewSize(request), art)),
          }),
      });
      const picture = await renderPicture(drawLatent(latent, plan, request, rasterSize(request), art), request);
      signal.throwIfAborted();
      return { ...picture, width: request.width, height: request.height, unknownWords: asked.unknownWords };
    },
    close: () => model.close(),
  };
}
