/**
 * Draws a sheet of pictures to look at: node contact-sheet.ts <out.png> <width>x<height> <columns> <prompt>...
 */
import sharp from "sharp";
import { loadSceneEngine } from "../src/index.ts";

const CELL = 420;
const [output, size, columnText, ...prompts] = process.argv.slice(2);
if (!output || !size || !columnText || prompts.length === 0) {
  throw new Error("usage: node contact-sheet.ts <out.png> <width>x<height> <columns> <prompt>...");
}
const [width = 1024, height = 1024] = size.split("x").map(Number);
const columns = Number(columnText);
const engine = await loadSceneEngine();
const cellHeight = Math.round((CELL * height) / width);
const cells: { input: Buffer; left: number; top: number }[] = [];
for (const [index, entry] of prompts.entries()) {
  const [prompt = "", seed = "1"] = entry.split("#");
  const start = performance.now();
  const picture = await engine.generate(
    { prompt, negativePrompt: "", seed: Number(seed), steps: 20, cfgScale: 7, width, height },
    { signal: new AbortController().signal, onStep: () => undefined },
  );
  const unknown = picture.unknownWords.join(" ");
  console.log(`${prompt}: ${Math.round(performance.now() - start)} ms, unknown: ${unknown || "-"}`);
  const input = await sharp(picture.png).resize(CELL, cellHeight).png().toBuffer();
  cells.push({ input, left: (index % columns) * CELL, top: Math.floor(index / columns) * cellHeight });
}
const rows = Math.ceil(prompts.length / columns);
await sharp({
  create: { width: columns * CELL, height: rows * cellHeight, channels: 3, background: "#ffffff" },
})
  .composite(cells)
  .png()
  .toFile(output);
await engine.close();
