import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSceneEngine, type SceneEngine, type SceneRequest, type SceneStep } from "./index.ts";

const HOSTILE_PROMPTS = {
  empty: "",
  blank: " \n\t ",
  "unknown words only": "xyzzy plugh 囗囗囗",
  "lone surrogates": "\uD800 cat \uDFFF",
  "direction and zero-width marks": "\u202Ecat\u202C\u200B\u0000\uFEFF",
  "stacked accents": `c${"\u0301".repeat(200)}at`,
  "emoji sequences": "👩‍👩‍👧‍👦🏳️‍🌈🐈‍⬛",
  "an SVG injection": '"/><script>alert(1)</script><image href="file:///etc/passwd"/><cat a="&xxe;',
  "an entity bomb": '<!DOCTYPE svg [<!ENTITY a "aaaa">]>&a;',
  "2,000 characters": "一只猫和一只狗,".repeat(250),
  "a ligature that normalises to a sentence": "\uFDFA".repeat(500),
};

let engine: SceneEngine;

beforeAll(async () => {
  engine = await loadSceneEngine();
});
afterAll(() => engine.close());

function aRequest(changes: Partial<SceneRequest> = {}): SceneRequest {
  return {
    prompt: "a cat in the garden",
    negativePrompt: "",
    seed: 1,
    steps: 4,
    cfgScale: 7,
    width: 96,
    height: 96,
    ...changes,
  };
}

async function draw(changes: Partial<SceneRequest> = {}): Promise<Uint8Array> {
  const { png } = await engine.generate(aRequest(changes), quietly());
  return png;
}

function quietly(): { signal: AbortSignal; onStep(): void } {
  return { signal: new AbortController().signal, onStep: () => undefined };
}

describe("the same request", () => {
  test("gives the same bytes", async () => {
    expect(await draw()).toEqual(await draw());
  });

  test("gives the same bytes when four pictures are drawn at once", async () => {
    const seeds = [1, 2, 3, 4];
    const together = await Promise.all(seeds.map((seed) => draw({ seed })));
    for (const [index, seed] of seeds.entries()) expect(together[index]).toEqual(await draw({ seed }));
  });

  test("gives the same bytes from another engine", async () => {
    const other = await loadSceneEngine();
    const { png } = await other.generate(aRequest(), quietly());
    await other.close();
    expect(png).toEqual(await draw());
  });
});

test.each<Partial<SceneRequest>>([
  { seed: 2 },
  { seed: 1 + 2 ** 32 },
  { seed: 2 ** 53 - 1 },
  { steps: 5 },
  { cfgScale: 4 },
  { prompt: "a dog in the garden" },
  { negativePrompt: "cat" },
])("other bytes for %o", async (changes) => {
  expect(await draw(changes)).not.toEqual(await draw());
});

test.each([
  [256, 256],
  [320, 180],
  [171, 256],
  [512, 64],
  [33, 257],
])("draws exactly %i x %i pixels", async (width, height) => {
  const picture = await engine.generate(aRequest({ width, height }), quietly());
  const png = await sharp(picture.png).metadata();
  expect([png.format, png.width, png.height]).toEqual(["png", width, height]);
  expect([picture.width, picture.height]).toEqual([width, height]);
});

test("makes a WebP thumbnail of 256 pixels on the long side", async () => {
  const { thumbnail } = await engine.generate(aRequest({ width: 640, height: 480 }), quietly());
  const { format, width, height } = await sharp(thumbnail).metadata();
  expect([format, width, height]).toEqual(["webp", 256, 192]);
});

test("reports the words that had no effect", async () => {
  const { unknownWords } = await engine.generate(aRequest({ prompt: "a zorblax cat" }), quietly());
  expect(unknownWords).toEqual(["zorblax"]);
});

test("offers a small JPEG preview of every step", async () => {
  const previews: Uint8Array[] = [];
  const numbers: number[] = [];
  const onStep = async (step: SceneStep): Promise<void> => {
    numbers.push(step.step, step.totalSteps);
    previews.push(await step.renderPreview());
  };
  // The busiest picture there is: a neon city in the rain.
  const prompt = "ten people in the rain, cyberpunk city";
  await engine.generate(aRequest({ prompt, steps: 3, width: 1024, height: 768 }), { ...quietly(), onStep });
  expect(numbers).toEqual([1, 3, 2, 3, 3, 3]);
  for (const preview of previews) {
    const { format, width, height } = await sharp(preview).metadata();
    expect([format, width, height]).toEqual(["jpeg", 256, 192]);
    expect(preview.length).toBeLessThanOrEqual(20_000);
  }
});

describe("cancelling", () => {
  test("stops within one step and rejects with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("the user changed their mind");
    let steps = 0;
    const onStep = (): void => {
      steps += 1;
      if (steps === 3) controller.abort(reason);
    };
    const run = engine.generate(aRequest({ steps: 150 }), { signal: controller.signal, onStep });
    await expect(run).rejects.toBe(reason);
    expect(steps).toBe(3);
  });

  test("is seen when it comes from a timer, because steps yield to the event loop", async () => {
    const controller = new AbortController();
    let steps = 0;
    const onStep = (): void => {
      steps += 1;
      if (steps === 2) setTimeout(() => controller.abort(), 1);
    };
    const run = engine.generate(aRequest({ steps: 150 }), { signal: controller.signal, onStep });
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(steps).toBeLessThan(150);
  });

  test("before the start draws nothing", async () => {
    const onStep = (): never => {
      throw new Error("no step should run");
    };
    const reason = new Error("too late");
    const run = engine.generate(aRequest(), { signal: AbortSignal.abort(reason), onStep });
    await expect(run).rejects.toBe(reason);
  });
});

describe("a prompt of", () => {
  test.each(Object.entries(HOSTILE_PROMPTS))("%s is drawn without harm", async (_, prompt) => {
    const png = await draw({ prompt, negativePrompt: prompt, steps: 1 });
    expect((await sharp(png).metadata()).width).toBe(96);
  });
});
