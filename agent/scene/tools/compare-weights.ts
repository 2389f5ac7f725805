/**
 * How much quantisation moves the drawings: samples the same layouts with both weight files.
 *
 *   node compare-weights.ts <layout.onnx from train/layout.py>
 *
 * Prints the differences in shares of the picture's side.
 */
import { readFile } from "node:fs/promises";
import { readConcepts, readWeights } from "../src/assets.ts";
import { buildConceptBook } from "../src/concept-book.ts";
import { conditioningOf } from "../src/conditioning.ts";
import { loadLayoutModel, type LayoutModel } from "../src/layout-model.ts";
import { readLayout } from "../src/layout.ts";
import { buildLexicon } from "../src/lexicon.ts";
import { makePlan } from "../src/plan.ts";
import { sampleLayout } from "../src/sampler.ts";
import { readWish } from "../src/wish.ts";

const PROMPTS = [
  "a cat in the garden",
  "two dogs on the beach",
  "a penguin on the snow under the moon",
  "three fish and an octopus",
  "a red car in the city",
  "three strawberries",
];
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

const reference = process.argv[2];
if (!reference) throw new Error("usage: node compare-weights.ts <layout.onnx>");
const [full, small] = [await loadLayoutModel(await readFile(reference)), await loadLayoutModel(await readWeights())];
const concepts = await readConcepts();
const [lexicon, book] = [buildLexicon(concepts), buildConceptBook(concepts)];

const differences: number[] = [];
for (const prompt of PROMPTS) {
  for (const seed of SEEDS) {
    const plan = makePlan(readWish(prompt, lexicon), readWish("", lexicon), prompt, seed, book);
    const sample = async (model: LayoutModel) =>
      readLayout(
        await sampleLayout(model, conditioningOf(plan), {
          seed,
          steps: 20,
          cfgScale: 7,
          signal: new AbortController().signal,
          onStep: () => undefined,
        }),
      );
    const [a, b] = [await sample(full), await sample(small)];
    plan.slots.forEach((slot, index) => {
      const [from, to] = [a.slots[index], b.slots[index]];
      if (!slot || !from || !to) return;
      differences.push(Math.abs(from.x - to.x), Math.abs(from.y - to.y), Math.abs(from.size - to.size));
    });
  }
}
differences.sort((a, b) => a - b);
const rms = Math.sqrt(differences.reduce((sum, value) => sum + value ** 2, 0) / differences.length);
const share = (quantile: number): string => (differences[Math.floor(quantile * (differences.length - 1))] ?? 0).toFixed(5);
console.log(`${differences.length} numbers: rms ${rms.toFixed(5)}, median ${share(0.5)}, 99% ${share(0.99)}, max ${share(1)}`);
await Promise.all([full.close(), small.close()]);
