/**
 * The sheets of the model card: node sheets.ts <folder> [name]...
 * Names: styles, negative, seeds, ratios, strengths, controls, videos, places. Without a name all are drawn.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { loadSceneEngine, type SceneOptions, type SceneRequest, type TextToVideoRequest } from "../src/index.ts";
import { PLACES } from "../src/places.ts";
import { drawnHints, foreignPhoto } from "./hints.ts";
import { sheet } from "./sheet.ts";

const SIDE = 384;
const [folder, ...names] = process.argv.slice(2);
if (!folder) throw new Error("usage: node sheets.ts <folder> [name]...");
await mkdir(folder, { recursive: true });
const engine = await loadSceneEngine();
const quietly: SceneOptions = { signal: new AbortController().signal, onStep: () => undefined };

function ask(prompt: string, changes: Partial<SceneRequest> = {}): SceneRequest {
  return { prompt, negativePrompt: "", seed: 1, steps: 20, cfgScale: 7.5, width: SIDE, height: SIDE, ...changes };
}

async function draw(prompt: string, changes: Partial<SceneRequest> = {}): Promise<Uint8Array> {
  return (await engine.generate(ask(prompt, changes), quietly)).png;
}

async function drawAll(requests: [prompt: string, changes?: Partial<SceneRequest>][]): Promise<Uint8Array[]> {
  return Promise.all(requests.map(([prompt, changes]) => draw(prompt, changes)));
}

/** First, middle and last frame, from the previews. */
async function threeFrames(request: TextToVideoRequest): Promise<Uint8Array[]> {
  const frames = request.duration * request.fps;
  const wanted = new Set([1, Math.ceil(frames / 2), frames].map((frame) => frame + request.steps));
  const pictures: Uint8Array[] = [];
  await engine.textToVideo(request, {
    ...quietly,
    onStep: async (progress) => {
      if (wanted.has(progress.step)) pictures.push(await progress.renderPreview());
    },
  });
  return pictures;
}

const STYLES = ["", "flat", "soft pastel", "watercolor", "neon style", "paper cut", "pixel art", "line art", "oil painting", "水墨"];
const VIDEOS: [prompt: string, isLoop: boolean][] = [
  ["一只猫在草地上奔跑", false],
  ["two fish and a turtle, coral reef", true],
  ["a sailboat on the sea at sunset", true],
  ["a red car on the highway in the rain", false],
  ["a butterfly and sunflowers in the garden", true],
  ["an astronaut riding a horse on the moon", false],
  ["snowy village at night, snowing, a dog", true],
  ["a dancing robot on a stage", true],
];

const SHEETS: Record<string, () => Promise<{ pictures: Uint8Array[]; columns: number; width?: number; height?: number }>> = {
  styles: async () => {
    const pictures = await drawAll(
      ["a fox and a sunflower in the forest", "a sailboat near an island"].flatMap((prompt) =>
        STYLES.map((style): [string] => [`${prompt}, ${style}`]),
      ),
    );
    return { pictures, columns: 5 };
  },
  negative: async () => {
    const forest = ["", "dog", "rain", "night"].map((negativePrompt): [string, Partial<SceneRequest>] => [
      "a cat and a dog in the forest at night in the rain",
      { negativePrompt },
    ]);
    const garden = ["", "tree", "bee, flower", "garden"].map((negativePrompt): [string, Partial<SceneRequest>] => [
      "两只兔子在花园里",
      { negativePrompt, seed: 3 },
    ]);
    return { pictures: await drawAll([...forest, ...garden]), columns: 4 };
  },
  seeds: async () => ({
    pictures: await drawAll(Array.from({ length: 12 }, (_, seed) => ["两只兔子在花园里", { seed: seed + 1 }])),
    columns: 4,
  }),
  ratios: async () => ({
    pictures: await drawAll(
      [
        [512, 512],
        [768, 512],
        [1024, 448],
        [512, 768],
        [384, 960],
        [1024, 256],
      ].map(([width = 1, height = 1]) => ["a deer and an owl by the waterfall", { width, height }]),
    ),
    columns: 3,
  }),
  strengths: async () => {
    const own = await draw("a cat in the garden");
    const photo = await foreignPhoto(SIDE);
    const rows = [
      { image: own, prompt: "a dog in the snow at night" },
      { image: own, prompt: "将图片转换为油画风格" },
      { image: photo, prompt: "将图片转换为油画风格" },
      { image: photo, prompt: "a castle and a dragon in the mountains" },
    ];
    const pictures: Uint8Array[] = [];
    for (const { image, prompt } of rows) {
      pictures.push(image);
      for (const strength of [0.1, 0.3, 0.5, 0.7, 0.9])
        pictures.push((await engine.imageToImage({ ...ask(prompt), image, strength }, quietly)).bytes);
    }
    return { pictures, columns: 6 };
  },
  controls: async () => {
    const pictures: Uint8Array[] = [];
    for (const { image, controlType, prompt } of await drawnHints()) {
      pictures.push(image);
      for (const controlStrength of [0, 0.5, 1])
        pictures.push((await engine.control({ ...ask(prompt), image, controlType, controlStrength }, quietly)).bytes);
    }
    return { pictures, columns: 4 };
  },
  videos: async () => {
    const pictures: Uint8Array[] = [];
    for (const [prompt, videoLoop] of VIDEOS) {
      pictures.push(...(await threeFrames({ ...ask(prompt), duration: 3, fps: 8, motionBucketId: 127, videoLoop })));
    }
    return { pictures, columns: 6, width: 256, height: 256 };
  },
  places: async () => ({
    pictures: await drawAll([...PLACES.values()].map(({ words }) => [words.find((word) => word.length > 3) ?? words[0] ?? ""])),
    columns: 9,
    width: 200,
    height: 200,
  }),
};

for (const name of names.length > 0 ? names : Object.keys(SHEETS)) {
  const { pictures, columns, width = 300, height = 300 } = (await SHEETS[name]?.()) ?? { pictures: [], columns: 1 };
  const png = await sheet(pictures, { columns, cellWidth: width, cellHeight: height });
  await writeFile(join(folder, `${name}.png`), png);
  await writeFile(
    join(folder, `${name}.webp`),
    await sharp(png).resize({ width: 1100, withoutEnlargement: true }).webp({ quality: 60 }).toBuffer(),
  );
  console.log(name, pictures.length);
}
await engine.close();
