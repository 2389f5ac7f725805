/**
 * Draws the 64 prompts of evaluation-prompts.json to look at: node evaluate.ts <folder> [first] [count]
 * Writes one sheet of 16 per file, left to right, all of them small in prompts.webp, and prints the words that were
 * not understood. The scores in ../EVALUATION.md are those of a person who looked.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { loadSceneEngine } from "../src/index.ts";
import { sheet } from "./sheet.ts";

const PER_SHEET = 16;
const SIDE = 512;

interface EvaluationPrompt {
  from: string;
  prompt: string;
}

const [folder, first = "0", count = "64"] = process.argv.slice(2);
if (!folder) throw new Error("usage: node evaluate.ts <folder> [first] [count]");
await mkdir(folder, { recursive: true });
const all = JSON.parse(await readFile(new URL("./evaluation-prompts.json", import.meta.url), "utf8")) as EvaluationPrompt[];
const chosen = all.slice(Number(first), Number(first) + Number(count));
const engine = await loadSceneEngine();
const pictures: Uint8Array[] = [];
for (const [index, { prompt }] of chosen.entries()) {
  const { png, unknownWords } = await engine.generate(
    { prompt, negativePrompt: "", seed: 1, steps: 20, cfgScale: 7.5, width: SIDE, height: SIDE },
    { signal: new AbortController().signal, onStep: () => undefined },
  );
  pictures.push(png);
  console.log(`${Number(first) + index + 1}. ${prompt} | ${unknownWords.join(" ") || "-"}`);
}
await engine.close();
for (let start = 0; start < pictures.length; start += PER_SHEET) {
  const file = join(folder, `prompts-${Number(first) + start + 1}.png`);
  await writeFile(file, await sheet(pictures.slice(start, start + PER_SHEET), { columns: 4, cellWidth: 400, cellHeight: 400 }));
  console.log(file);
}
const overview = await sheet(pictures, { columns: 8, cellWidth: 160, cellHeight: 160 });
await writeFile(join(folder, "prompts.webp"), await sharp(overview).webp({ quality: 58 }).toBuffer());
