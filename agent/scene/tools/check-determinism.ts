/**
 * The same requests in two processes: node check-determinism.ts
 * Prints one digest per task and fails when the processes disagree. With onnxruntime-node installed beside
 * onnxruntime-web, run it once with each and compare the digests by eye.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { loadSceneEngine, type SceneRequest } from "../src/index.ts";
import { drawnHints, foreignPhoto } from "./hints.ts";

const quietly = { signal: new AbortController().signal, onStep: () => undefined };
const request: SceneRequest = {
  prompt: "two dogs on the beach at sunset",
  negativePrompt: "crab",
  seed: 99,
  steps: 12,
  cfgScale: 7,
  width: 256,
  height: 256,
};

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

async function digests(): Promise<Record<string, string>> {
  const engine = await loadSceneEngine();
  const photo = await foreignPhoto(128);
  const [hint] = await drawnHints();
  const filming = { duration: 2, fps: 8, motionBucketId: 127, videoLoop: true };
  const results: Record<string, string> = { runtime: engine.runtime };
  results["text2img"] = digest((await engine.generate(request, quietly)).png);
  results["img2img"] = digest((await engine.imageToImage({ ...request, image: photo, strength: 0.6 }, quietly)).bytes);
  results["upscale art"] = digest((await engine.upscale({ image: photo, scaleFactor: 4, model: "art" }, quietly)).bytes);
  results["upscale photo"] = digest((await engine.upscale({ image: photo, scaleFactor: 2, model: "photo" }, quietly)).bytes);
  if (hint) results["pose"] = digest((await engine.control({ ...request, ...hint, controlStrength: 1 }, quietly)).bytes);
  results["text2video"] = digest((await engine.textToVideo({ ...request, ...filming }, quietly)).bytes);
  results["img2video"] = digest(
    (await engine.imageToVideo({ ...request, ...filming, image: photo, augmentationLevel: 0.5 }, quietly)).bytes,
  );
  await engine.close();
  return results;
}

if (process.argv[2] === "print") {
  console.log(JSON.stringify(await digests()));
} else {
  const runs = [1, 2].map(() => execFileSync(process.execPath, [fileURLToPath(import.meta.url), "print"], { encoding: "utf8" }).trim());
  console.log(JSON.stringify(JSON.parse(runs[0] ?? "{}"), null, 2));
  console.log(runs[0] === runs[1] ? "both processes agree" : "THE PROCESSES DISAGREE");
  process.exitCode = runs[0] === runs[1] ? 0 : 1;
}
