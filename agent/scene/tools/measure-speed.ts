/**
 * Times and memory of the cases of the model card: node measure-speed.ts [photo.jpg]
 * Each runs twice; the second time has everything loaded. Run it alone on the machine.
 */
import { readFile } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import sharp from "sharp";
import { loadSceneEngine, type SceneRequest } from "../src/index.ts";
import { foreignPhoto } from "./hints.ts";

const MEGABYTE = 2 ** 20;
const quietly = { signal: new AbortController().signal, onStep: () => undefined };
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);

function ask(side: number, seed = 1): SceneRequest {
  return { prompt: "a fox and an owl in the autumn forest", negativePrompt: "", seed, steps: 20, cfgScale: 7.5, width: side, height: side };
}

const loading = performance.now();
const engine = await loadSceneEngine();
console.log(`load ${Math.round(performance.now() - loading)} ms, ${engine.runtime}`);
const drawn = (await engine.generate(ask(256), quietly)).png;
const [photoFile] = process.argv.slice(2);
const photo = await sharp(photoFile ? await readFile(photoFile) : await foreignPhoto(512))
  .resize(512, 512, { fit: "cover" })
  .png()
  .toBuffer();

const cases: [name: string, run: () => Promise<unknown>][] = [
  ["text2img 512", () => engine.generate(ask(512), quietly)],
  ["text2img 1024", () => engine.generate(ask(1024), quietly)],
  ["text2img 1024, oil", () => engine.generate({ ...ask(1024), prompt: "oil painting of a fox in the forest" }, quietly)],
  ["upscale 256 -> 1024, drawn", () => engine.upscale({ image: drawn, scaleFactor: 4, model: "art" }, quietly)],
  ["upscale 512 -> 1024, photo", () => engine.upscale({ image: photo, scaleFactor: 2, model: "photo" }, quietly)],
  ["img2img 512, photo", () => engine.imageToImage({ ...ask(512), image: photo, strength: 0.6 }, quietly)],
  ["4 s video, 8 fps, 512", () => engine.textToVideo({ ...ask(512), duration: 4, fps: 8, motionBucketId: 127, videoLoop: false }, quietly)],
];
for (const [name, run] of cases) {
  const times: number[] = [];
  peak = 0;
  for (let round = 0; round < 2; round += 1) {
    const start = performance.now();
    await run();
    times.push(Math.round(performance.now() - start));
  }
  console.log(`${name}: ${times.join(" then ")} ms, process at most ${Math.round(peak / MEGABYTE)} MB`);
}

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const start = performance.now();
await Promise.all([1, 2, 3, 4].map((seed) => engine.generate(ask(1024, seed), quietly)));
delay.disable();
const milliseconds = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
console.log(
  `four 1024 px at once: ${Math.round(performance.now() - start)} ms; delay of the caller's event loop p99 ${milliseconds(delay.percentile(99))} ms, most ${milliseconds(delay.max)} ms`,
);
clearInterval(watch);
await engine.close();
