/**
 * Draws the pictures that the small upscaler learns from: our own art, nothing else.
 *
 *   node train/render-pictures.ts <folder> <count>
 *
 * Writes <folder>/0000.png and so on, 512 x 512, every drawing and both kinds of art about equally often.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readConcepts } from "../../src/assets.ts";
import { loadSceneEngine } from "../../src/index.ts";
import { PLACES } from "../../src/places.ts";
import { randomFor } from "../../src/random.ts";

const SIDE = 512;
const HOURS = ["", "at sunset", "at night", "in the rain"];
const [folder, countText] = process.argv.slice(2);
if (!folder || !countText) throw new Error("usage: node train/render-pictures.ts <folder> <count>");

await mkdir(folder, { recursive: true });
const concepts = await readConcepts();
const places = [...PLACES.values()];
const random = randomFor(7, "training pictures");
const engine = await loadSceneEngine();
for (let index = 0; index < Number(countText); index += 1) {
  const things = [0, 1, 2].map(() => random.pick(concepts)?.en ?? "cat");
  const style = index % 2 === 0 ? "" : ", flat style";
  const prompt = `${things.join(", ")} ${random.pick(places)?.words[0] ?? ""} ${random.pick(HOURS) ?? ""}${style}`;
  const { png } = await engine.generate(
    { prompt, negativePrompt: "", seed: index, steps: 6, cfgScale: 7, width: SIDE, height: SIDE },
    { signal: new AbortController().signal, onStep: () => undefined },
  );
  await writeFile(join(folder, `${String(index).padStart(4, "0")}.png`), png);
}
await engine.close();
