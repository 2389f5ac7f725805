/** Everything a worker thread needs to draw: models, words and drawings, each loaded once. */
import { loadArtBook, type ArtBook } from "./art-book.ts";
import { readConcepts, readUpscaler, readWeights, type UpscalerName } from "./assets.ts";
import { buildConceptBook, type ConceptBook } from "./concept-book.ts";
import { loadLayoutModel, type LayoutModel } from "./layout-model.ts";
import { buildLexicon, type Lexicon } from "./lexicon.ts";
import type { RuntimeName } from "./runtime.ts";
import { loadUpscaleModel, type UpscaleModel } from "./upscale/upscale-model.ts";

export interface Studio {
  readonly runtime: RuntimeName;
  readonly model: LayoutModel;
  readonly lexicon: Lexicon;
  readonly book: ConceptBook;
  /** Unpacked with the first picture. */
  art(): Promise<ArtBook>;
  /** Loaded with the first picture to enlarge. */
  upscaler(name: UpscalerName): Promise<UpscaleModel>;
}

export async function openStudio(): Promise<Studio> {
  const [model, concepts] = await Promise.all([readWeights().then(loadLayoutModel), readConcepts()]);
  let art: Promise<ArtBook> | undefined;
  const upscalers = new Map<UpscalerName, Promise<UpscaleModel>>();
  return {
    runtime: model.runtime,
    model,
    lexicon: buildLexicon(concepts),
    book: buildConceptBook(concepts),
    art: () => (art ??= loadArtBook()),
    upscaler: (name) => {
      const known = upscalers.get(name);
      if (known) return known;
      const loading = readUpscaler(name).then(loadUpscaleModel);
      upscalers.set(name, loading);
      return loading;
    },
  };
}
