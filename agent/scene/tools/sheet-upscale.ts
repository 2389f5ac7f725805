/**
 * Upscaling beside Lanczos: node sheet-upscale.ts <out.png> [photo.jpg]
 * Rows: a drawing (128 -> 512) and, when given, a crop of a photo (192 -> 384). Columns: Lanczos, ours, the original.
 */
import { readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { loadSceneEngine, type UpscaleRequest } from "../src/index.ts";
import { sheet } from "./sheet.ts";

const [output, photo] = process.argv.slice(2);
if (!output) throw new Error("usage: node sheet-upscale.ts <out.png> [photo.jpg]");
const engine = await loadSceneEngine();
const quietly = { signal: new AbortController().signal, onStep: () => undefined };
const cells: Uint8Array[] = [];

async function row(original: Uint8Array, small: Uint8Array, scaleFactor: 2 | 4): Promise<void> {
  const request: UpscaleRequest = { image: small, scaleFactor, model: "lanczos" };
  const plain = await engine.upscale(request, quietly);
  const start = performance.now();
  const ours = await engine.upscale({ ...request, model: "RealESRGAN" }, quietly);
  console.log(`${ours.width} px: ${Math.round(performance.now() - start)} ms, ${ours.notes.join()}`);
  cells.push(plain.bytes, ours.bytes, original);
}

const { png } = await engine.generate(
  { prompt: "a fox and an owl in the autumn forest", negativePrompt: "", seed: 3, steps: 20, cfgScale: 7, width: 512, height: 512 },
  quietly,
);
await row(png, await sharp(png).resize(128, 128).png().toBuffer(), 4);
if (photo) {
  const crop = await sharp(await readFile(photo))
    .resize(384, 384, { fit: "cover" })
    .png()
    .toBuffer();
  await row(crop, await sharp(crop).resize(192, 192).png().toBuffer(), 2);
}
await writeFile(output, await sheet(cells, { columns: 3, cellWidth: 512, cellHeight: 512 }));
await engine.close();
