import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foreignPhoto } from "../tools/hints.ts";
import {
  loadSceneEngine,
  UnusableImageError,
  type ImageToImageRequest,
  type SceneOptions,
  type SceneRequest,
  type SixTaskEngine,
  type TextToVideoRequest,
} from "./index.ts";

let engine: SixTaskEngine;
let own: Uint8Array;
let photo: Uint8Array;

beforeAll(async () => {
  engine = await loadSceneEngine({ threads: 2 });
  own = (await engine.generate(aScene(), quietly())).png;
  photo = await foreignPhoto(96);
});
afterAll(() => engine.close());

function quietly(onStep: SceneOptions["onStep"] = () => undefined): SceneOptions {
  return { signal: new AbortController().signal, onStep };
}

function aScene(changes: Partial<SceneRequest> = {}): SceneRequest {
  return { prompt: "a cat in the garden", negativePrompt: "", seed: 1, steps: 4, cfgScale: 7, width: 96, height: 96, ...changes };
}

function anImageChange(changes: Partial<ImageToImageRequest> = {}): ImageToImageRequest {
  return { ...aScene({ prompt: "a dog" }), image: own, strength: 0.7, ...changes };
}

function aVideo(changes: Partial<TextToVideoRequest> = {}): TextToVideoRequest {
  return { ...aScene({ steps: 2 }), duration: 2, fps: 5, motionBucketId: 127, videoLoop: false, ...changes };
}

async function pixelsOf(image: Uint8Array): Promise<Buffer> {
  return sharp(image).removeAlpha().raw().toBuffer();
}

/** Mean difference of two pictures of one size, 0..255. */
async function difference(a: Uint8Array, b: Uint8Array): Promise<number> {
  const [first, second] = await Promise.all([pixelsOf(a), pixelsOf(b)]);
  let sum = 0;
  first.forEach((value, index) => {
    sum += Math.abs(value - (second[index] ?? 0));
  });
  return sum / first.length;
}

/** What the file itself says of its length. */
function mp4Facts(file: Uint8Array): { seconds: number; frames: number; created: number } {
  const bytes = Buffer.from(file);
  const movie = bytes.indexOf("mvhd") + 4;
  const samples = bytes.indexOf("stsz") + 4;
  const seconds = bytes.readUInt32BE(movie + 16) / bytes.readUInt32BE(movie + 12);
  return { seconds, frames: bytes.readUInt32BE(samples + 8), created: bytes.readUInt32BE(movie + 4) };
}

describe("image to image", () => {
  test("keeps a picture of ours exactly at strength 0 and changes it more with more strength", async () => {
    const [none, little, much] = await Promise.all(
      [0, 0.3, 0.9].map((strength) => engine.imageToImage(anImageChange({ strength, seed: 2 }), quietly())),
    );
    expect(await difference(own, none?.bytes ?? own)).toBe(0);
    const [least, most] = [await difference(own, little?.bytes ?? own), await difference(own, much?.bytes ?? own)];
    expect(least).toBeGreaterThan(0);
    expect(most).toBeGreaterThan(least);
  });

  test("takes only the steps that the strength leaves", async () => {
    const totals = new Set<number>();
    await engine.imageToImage(
      anImageChange({ strength: 0.5 }),
      quietly(({ totalSteps }) => void totals.add(totalSteps)),
    );
    expect([...totals]).toEqual([2]);
  });

  test("keeps a photo under the things that the prompt adds", async () => {
    const result = await engine.imageToImage(anImageChange({ image: photo, strength: 0.4 }), quietly());
    expect([result.format, result.width, result.height]).toEqual(["PNG", 96, 96]);
    expect(await difference(await sharp(photo).png().toBuffer(), result.bytes)).toBeLessThan(60);
    expect(result.notes.join()).toContain("photo");
  });

  test("gives the same bytes for the same request", async () => {
    const request = anImageChange({ image: photo });
    const [first, second] = [await engine.imageToImage(request, quietly()), await engine.imageToImage(request, quietly())];
    expect(first.bytes).toEqual(second.bytes);
  });

  test.each(["no picture at all", ""])("refuses %o as an image", async (text) => {
    await expect(engine.imageToImage(anImageChange({ image: Buffer.from(text) }), quietly())).rejects.toBeInstanceOf(UnusableImageError);
  });
});

describe("upscale", () => {
  test.each([
    [2, "RealESRGAN", "drawn art"],
    [4, "RealESRGAN", "drawn art"],
    [2, "photo", "ESRGAN medium"],
    [4, "lanczos", "Lanczos"],
  ] as const)("enlarges %i times with %s", async (scaleFactor, model, note) => {
    const image = await sharp(own).extract({ left: 10, top: 20, width: 48, height: 40 }).png().toBuffer();
    const result = await engine.upscale({ image, scaleFactor, model }, quietly());
    const { width, height } = await sharp(result.bytes).metadata();
    expect([width, height, result.width]).toEqual([48 * scaleFactor, 40 * scaleFactor, 48 * scaleFactor]);
    expect(result.notes.join()).toContain(note);
    const small = await sharp(result.bytes).resize(48, 40).png().toBuffer();
    expect(await difference(image, small)).toBeLessThan(6);
  });

  test("leaves no seams between tiles", async () => {
    const flat = await sharp({ create: { width: 140, height: 20, channels: 3, background: "#4080c0" } })
      .png()
      .toBuffer();
    const { bytes } = await engine.upscale({ image: flat, scaleFactor: 2, model: "art" }, quietly());
    const { channels } = await sharp(bytes).stats();
    for (const { min, max } of channels) expect(max - min).toBeLessThan(14);
  });

  test("refuses a picture that would become too large", async () => {
    const image = await sharp({ create: { width: 1600, height: 1600, channels: 3, background: "#fff" } })
      .png()
      .toBuffer();
    await expect(engine.upscale({ image, scaleFactor: 4, model: "" }, quietly())).rejects.toBeInstanceOf(UnusableImageError);
  });
});

describe("control", () => {
  test("puts the thing where the hint has its shape", async () => {
    const shape = (x: number): Promise<Buffer> =>
      sharp(
        Buffer.from(
          `<svg width="96" height="96"><rect width="96" height="96"/><rect x="${x}" y="40" width="30" height="40" fill="#fff"/></svg>`,
        ),
      )
        .png()
        .toBuffer();
    const request = { ...aScene({ prompt: "a panda, studio" }), controlType: "canny", controlStrength: 1 } as const;
    const [left, right] = [
      await engine.control({ ...request, image: await shape(4) }, quietly()),
      await engine.control({ ...request, image: await shape(62) }, quietly()),
    ];
    const half = async (image: Uint8Array, start: number): Promise<number> => {
      const { channels } = await sharp(await sharp(image).extract({ left: start, top: 0, width: 48, height: 96 }).toBuffer()).stats();
      return channels.reduce((sum, { stdev }) => sum + stdev, 0);
    };
    expect(await half(left.bytes, 0)).toBeGreaterThan(await half(left.bytes, 48));
    expect(await half(right.bytes, 48)).toBeGreaterThan(await half(right.bytes, 0));
  });

  test("says so when the hint is empty", async () => {
    const image = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#000" } })
      .png()
      .toBuffer();
    const { notes } = await engine.control({ ...aScene(), image, controlType: "openpose", controlStrength: 1 }, quietly());
    expect(notes.join()).toContain("no shape");
  });
});

describe("video", () => {
  test("has the frames, the rate and the length that were asked for", async () => {
    const steps: number[] = [];
    const video = await engine.textToVideo(
      aVideo(),
      quietly(({ step, totalSteps }) => void steps.push(step, totalSteps)),
    );
    expect([video.format, video.fps, video.frames, video.width, video.height]).toEqual(["MP4", 5, 10, 96, 96]);
    expect(mp4Facts(video.bytes)).toEqual({ seconds: 2, frames: 10, created: 0 });
    expect(steps.slice(-2)).toEqual([12, 12]);
    const poster = await sharp(video.poster).metadata();
    expect([poster.format, poster.width]).toEqual(["webp", 96]);
  });

  test("gives the same bytes for the same request", async () => {
    const [first, second] = await Promise.all([engine.textToVideo(aVideo(), quietly()), engine.textToVideo(aVideo(), quietly())]);
    expect(first?.bytes).toEqual(second?.bytes);
  });

  test("ends a loop where it began", async () => {
    const frames: Uint8Array[] = [];
    const request = aVideo({ videoLoop: true, duration: 2, fps: 8, prompt: "a fish in the sea, a boat" });
    await engine.textToVideo(
      request,
      quietly(async (step) => {
        if (step.step > 2) frames.push(await step.renderPreview());
      }),
    );
    const [first, second, last] = [frames[0], frames[1], frames.at(-1)] as [Uint8Array, Uint8Array, Uint8Array];
    expect(await difference(last, first)).toBeLessThan(2.5 * (await difference(first, second)) + 1);
  });

  test("moves a photo, and more with a higher motionBucketId", async () => {
    const request = { ...aVideo({ prompt: "snowing" }), image: photo, augmentationLevel: 0.5 };
    const [calm, lively] = await Promise.all(
      [1, 255].map((motionBucketId) => engine.imageToVideo({ ...request, prompt: "", augmentationLevel: 0, motionBucketId }, quietly())),
    );
    expect(calm?.frames).toBe(10);
    expect(lively?.bytes.length).toBeGreaterThan(calm?.bytes.length ?? 0);
    expect((await engine.imageToVideo(request, quietly())).notes.join()).toContain("camera");
  });

  test("moves the things of a picture of ours", async () => {
    const { notes } = await engine.imageToVideo({ ...aVideo({ duration: 1, fps: 4 }), image: own, augmentationLevel: 0 }, quietly());
    expect(notes.join()).toContain("by themselves");
  });

  test("stops between two frames", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let last = 0;
    const onStep = ({ step }: { step: number }): void => {
      last = step;
      if (step === 4) controller.abort(reason);
    };
    await expect(engine.textToVideo(aVideo({ duration: 8, fps: 8 }), { signal: controller.signal, onStep })).rejects.toBe(reason);
    expect(last).toBe(4);
  });
});

describe("the threads", () => {
  test("leave the event loop of the caller free", async () => {
    let [longest, before] = [0, performance.now()];
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - before);
      before = now;
    }, 5);
    await Promise.all([1, 2, 3, 4].map((seed) => engine.generate(aScene({ seed, width: 256, height: 256 }), quietly())));
    clearInterval(timer);
    // Two loaded cores may keep the process itself waiting; a picture drawn on this thread would take far longer.
    expect(longest).toBeLessThan(150);
  });

  test("take the next task after one has failed", async () => {
    await expect(engine.upscale({ image: Buffer.from("?"), scaleFactor: 2, model: "" }, quietly())).rejects.toThrow("cannot be read");
    expect((await engine.generate(aScene(), quietly())).png).toEqual(own);
  });

  test("give up what waits in line when the engine closes", async () => {
    const other = await loadSceneEngine({ threads: 1 });
    const runs = [1, 2, 3].map((seed) => other.generate(aScene({ seed, steps: 150 }), quietly()));
    const ends = Promise.allSettled(runs);
    await other.close();
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  });
});
