/** The packed files beside the sources. Only this file knows where they are. */
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";

const ASSETS = new URL("../assets/", import.meta.url);
const decompress = promisify(brotliDecompress);

export async function readWeights(): Promise<Uint8Array> {
  return readFile(new URL("layout.q8.onnx", ASSETS));
}

export type UpscalerName = "art" | "photo";

/** Enlarges drawings four times (tools/train/upscale.py), photos twice (ESRGAN, tools/pack-upscalers.py). */
export async function readUpscaler(name: UpscalerName): Promise<Uint8Array> {
  return readFile(new URL(`upscale-${name}.q8.onnx`, ASSETS));
}

/** About 29 MB of SVG text, one drawing a line (tools/pack-art.ts). */
export async function readArt(): Promise<Buffer> {
  return decompress(await readFile(new URL("art.br", ASSETS)));
}

/** One entry of tools/concepts.ts: an emoji that has a drawing, with its words. */
export interface Concept {
  code: string;
  art: string;
  kind: string;
  en: string;
  zh: string;
  enTags: string[];
  zhTags: string[];
}

export async function readConcepts(): Promise<Concept[]> {
  const json = await decompress(await readFile(new URL("vocabulary.json.br", ASSETS)));
  return JSON.parse(json.toString()) as Concept[];
}
