import type { FailureName } from "@star-graph/shared/agent-protocol";
import { describe, expect, test, vi } from "vitest";
import { inspectMedia } from "../../src/engines/media/inspect.ts";
import { aJpeg, aPng } from "../pictures.ts";
import { runTask } from "../comfyui/start-engine.ts";
import { aTask } from "../comfyui/tasks.ts";
import { SECRET, type WebUiOptions } from "./fake-webui.ts";
import { startEngine, startWebUi } from "./start-engine.ts";

async function started(options: Partial<WebUiOptions> = {}, settings: object = {}) {
  const server = await startWebUi(options);
  return { server, ...(await startEngine(server.url, settings)) };
}

const CONTROL = {
  models: ["control_v11p_sd15_canny [d14c016b]", "control_v11p_sd15_openpose [cab727d4]", "diffusers_xl_depth_full [2f51180b]"],
  modules: ["none", "canny", "depth_midas", "openpose", "openpose_full"],
};

describe("models", () => {
  test("checkpoints, upscalers and ControlNets are offered under the API's names, the owner's mapping first", async () => {
    const models = [{ name: "stable-diffusion-v1-5", checkpoint: "dreamshaper_8", family: "sd15", maxPixels: 1_000_000 }];
    const checkpoints = ["sd_xl_base_1.0.safetensors", "v1-5-pruned.safetensors", "dreamshaper_8.safetensors [879db523c3]"];
    const { engine } = await started({ control: CONTROL, checkpoints }, { models });
    expect(engine.models()).toEqual([
      {
        name: "stable-diffusion-v1-5",
        types: ["TEXT2IMG", "IMG2IMG", "POSE"],
        servedAs: "dreamshaper_8.safetensors",
        maxPixels: 1_000_000,
        features: ["pose:CANNY", "pose:OPENPOSE"],
      },
      {
        name: "stable-diffusion-xl-base-1.0",
        types: ["TEXT2IMG", "IMG2IMG", "POSE"],
        servedAs: "sd_xl_base_1.0.safetensors",
        features: ["pose:DEPTH"],
      },
      { name: "RealESRGAN", types: ["UPSCALE"], servedAs: "R-ESRGAN 4x+" },
    ]);
  });

  test("a checkpoint is found with its folders, whichever way they are parted; what the owner named and is not there is said once", async () => {
    const models = ["photo/dream", "photo/dream.safetensors", "gone"].map((checkpoint, at) => ({
      name: `n${at}`,
      checkpoint,
      family: "sd15",
    }));
    const upscalers = [{ name: "sharp", upscaler: "4x-UltraSharp" }];
    const { server, engine, log } = await started({ checkpoints: ["photo\\dream.safetensors [879db523c3]"] }, { models, upscalers });
    expect(engine.models().map(({ name }) => name)).toEqual(["n0", "n1", "RealESRGAN"]);
    const listings = () => server.requests.filter(({ path }) => path.endsWith("sd-models")).length;
    const before = listings();
    await vi.waitUntil(() => listings() > before + 1);
    expect(log.events.filter((event) => event.startsWith("model-left-out"))).toEqual([
      "model-left-out: n2 is not offered: the server lists no gone",
      "model-left-out: sharp is not offered: the server lists no 4x-UltraSharp",
    ]);
  });

  test("are as large as the GPU that the server says it has", async () => {
    const { engine } = await started({ memoryBytes: 12_884_377_600 });
    expect(new Set(engine.models().map(({ memoryBytes }) => memoryBytes))).toEqual(new Set([12_884_377_600]));
  });

  test("are withdrawn while the server is down, and back with it", async () => {
    const { server, engine } = await started();
    const { port } = server;
    await server.stop();
    await vi.waitUntil(() => engine.models().length === 0);
    expect(await engine.health()).toMatchObject({ isReady: false, reason: expect.stringContaining(`127.0.0.1:${port}`) });
    await startWebUi({ checkpoints: ["v1-5-pruned.safetensors"] }, port);
    await vi.waitUntil(() => engine.models().length > 0);
    expect(engine.models().map(({ name }) => name)).toEqual(["stable-diffusion-v1-5", "RealESRGAN"]);
    expect(await engine.health()).toEqual({ isReady: true });
  });

  test("a server with a password is given it, and the log is not", async () => {
    const server = await startWebUi({ auth: "owner:p@ss word" });
    const { engine, log } = await startEngine(`http://owner:${encodeURIComponent("p@ss word")}@127.0.0.1:${server.port}`);
    expect((await (await runTask(engine, aTask.textToImage())).result).files).toHaveLength(1);
    expect(log.events.join()).not.toContain("p@ss");
  });
});

describe("tasks", () => {
  test("text to image: as the API says, with nothing saved, a stranger's words staying words, and clean results only", async () => {
    const { server, engine } = await started();
    const task = aTask.textToImage({ prompt: "a cat <lora:mine:1>", batchSize: 2, sampler: "dpmpp_2m", scheduler: "karras" });
    const { files, servedBy, notes } = await (await runTask(engine, task)).result;
    expect(server.sent("/sdapi/v1/txt2img")).toEqual([
      {
        prompt: "a cat < lora:mine:1>",
        negative_prompt: "",
        width: 64,
        height: 64,
        steps: 2,
        cfg_scale: 7,
        seed: 1,
        batch_size: 2,
        n_iter: 1,
        sampler_name: "DPM++ 2M",
        scheduler: "karras",
        override_settings: { sd_model_checkpoint: "v1-5-pruned-emaonly.safetensors [6ce0161689]" },
        override_settings_restore_afterwards: false,
        send_images: true,
        save_images: false,
        force_task_id: "stargraph-one",
      },
    ]);
    expect(servedBy).toEqual({ engine: "sdapi", model: "v1-5-pruned-emaonly.safetensors" });
    expect(notes).toEqual([]);
    expect(files.map(({ format, width, height }) => `${format} ${width}x${height}`)).toEqual(["PNG 64x64", "PNG 64x64"]);
    for (const { content } of files) expect("bytes" in content && Buffer.from(content.bytes).includes(SECRET)).toBe(false);
    expect(engine.residentModels()).toEqual(["stable-diffusion-v1-5"]);
  });

  test("what the server has no name for is left to it, and said", async () => {
    const { server, engine } = await started();
    const task = aTask.textToImage({ sampler: "uni_pc", scheduler: "beta", denoise: 0.5 });
    const { notes } = await (await runTask(engine, task)).result;
    expect(notes).toEqual([expect.stringContaining("uni_pc"), expect.stringContaining("beta"), expect.stringContaining("denoise")]);
    expect(server.sent("/sdapi/v1/txt2img")[0]).not.toHaveProperty("sampler_name");
  });

  test("image to image, a pose and an upscale are given their picture", async () => {
    const { server, engine } = await started({ control: CONTROL });
    await (
      await runTask(engine, aTask.imageToImage())
    ).result;
    expect(server.sent("/sdapi/v1/img2img")[0]).toMatchObject({
      init_images: [expect.stringMatching(/^iVBOR/)],
      denoising_strength: 0.5,
      resize_mode: 1,
    });
    const pose = await (await runTask(engine, aTask.pose({ controlStrength: 0.8 }))).result;
    expect(pose.files).toHaveLength(1);
    const unit = { model: "control_v11p_sd15_canny [d14c016b]", module: "canny", weight: 0.8, image: expect.stringMatching(/^iVBOR/) };
    expect(server.sent("/sdapi/v1/txt2img")[0]).toMatchObject({ alwayson_scripts: { ControlNet: { args: [unit] } } });
    const large = await (await runTask(engine, aTask.upscale({ scaleFactor: 2 }))).result;
    expect(large.files[0]).toMatchObject({ width: 128, height: 128 });
    expect(server.sent("/sdapi/v1/extra-single-image")[0]).toMatchObject({ upscaler_1: "R-ESRGAN 4x+", upscaling_resize: 2 });
  });

  test.each([
    ["PNG", aPng(67, 45), 2],
    ["JPEG", aJpeg(67, 45), 4],
  ] as const)("an upscale of a %s whose sides the server would cut down has the size that was ordered", async (_, picture, scaleFactor) => {
    const { engine } = await started();
    const task = aTask.upscale({ imageWidth: 67, imageHeight: 45, scaleFactor });
    const { files } = await (await runTask(engine, task, picture)).result;
    expect(files[0]).toMatchObject({ format: "PNG", width: 67 * scaleFactor, height: 45 * scaleFactor });
    expect(files[0] && "bytes" in files[0].content && inspectMedia(files[0].content.bytes)).toMatchObject({ width: 67 * scaleFactor });
  });

  test("an upscale of a picture that cannot be read fails before the server is asked, and is no reason to try elsewhere", async () => {
    const { server, engine } = await started();
    const broken = aPng(267, 245).subarray(0, 500);
    const { result } = await runTask(engine, aTask.upscale({ imageWidth: 267, imageHeight: 245, scaleFactor: 2 }), broken);
    await expect(result).rejects.toMatchObject({ failure: "BAD_REQUEST", isRetryable: false });
    expect(server.sent("/sdapi/v1/extra-single-image")).toHaveLength(0);
  });

  test("progress and previews are those of our job, and come while it runs", async () => {
    const { server, engine } = await started({ isQuick: false });
    server.occupy();
    server.stepTo(7);
    const { progress, result } = await runTask(engine, aTask.textToImage({ steps: 10 }));
    await vi.waitUntil(() => server.waiting === 1 && server.sent("/internal/progress").length > 2);
    server.finish();
    server.stepTo(4);
    await vi.waitUntil(() => progress.some(({ phase }) => phase === "sampling"));
    const seen = progress.find(({ phase }) => phase === "sampling");
    expect(seen).toMatchObject({ step: 4, totalSteps: 10 });
    expect(
      Buffer.from((await seen?.preview?.()) ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    server.finish();
    expect((await result).files).toHaveLength(1);
    expect(progress.map(({ step }) => step)).not.toContain(7);
  });

  test("memory is given back, not under somebody's job, and the model is fetched before the next task", async () => {
    const { server, engine } = await started({ isQuick: false });
    server.occupy();
    await engine.freeMemory();
    expect(server.sent("/sdapi/v1/unload-checkpoint")).toHaveLength(0);
    server.finish();
    await engine.freeMemory();
    expect(server.sent("/sdapi/v1/unload-checkpoint")).toHaveLength(1);
    const { result } = await runTask(engine, aTask.textToImage());
    await vi.waitUntil(() => server.running !== null);
    server.finish();
    expect((await result).files).toHaveLength(1);
  });
});

describe("a cancel", () => {
  test("stops our job, and is not sent while another's runs", async () => {
    const { server, engine } = await started({ isQuick: false });
    server.occupy();
    const { result, abort } = await runTask(engine, aTask.textToImage());
    await vi.waitUntil(() => server.waiting === 1);
    abort.abort();
    const asked = server.sent("/internal/progress").length;
    await vi.waitUntil(() => server.sent("/internal/progress").length > asked + 3);
    expect(server.sent("/sdapi/v1/interrupt")).toHaveLength(0);
    server.finish();
    await expect(result).rejects.toThrow("aborted");
    expect(server.sent("/sdapi/v1/interrupt").length).toBeGreaterThan(0);
    expect(server.running).toBeNull();
  });

  test("is not sent to a server that cannot tell whose job runs: ours is waited for", async () => {
    const { server, engine } = await started({ isQuick: false, hasIds: false });
    const { result, abort } = await runTask(engine, aTask.textToImage());
    await vi.waitUntil(() => server.running !== null);
    abort.abort();
    const asked = server.sent("/internal/progress").length;
    await vi.waitUntil(() => server.sent("/internal/progress").length > asked + 3);
    expect(server.sent("/sdapi/v1/interrupt")).toHaveLength(0);
    server.finish();
    await expect(result).rejects.toThrow("aborted");
  });

  test("is sent to it where the owner says that nobody else uses it; then it tells its progress, too", async () => {
    const { server, engine } = await started({ isQuick: false, hasIds: false }, { exclusive: true });
    const { progress, result, abort } = await runTask(engine, aTask.textToImage({ steps: 10 }));
    await vi.waitUntil(() => server.running !== null);
    server.stepTo(3);
    await vi.waitUntil(() => progress.some(({ step }) => step === 3));
    abort.abort();
    await expect(result).rejects.toThrow("aborted");
    expect(server.running).toBeNull();
  });

  test("reaches an enlargement too, which has no id, where the owner says that nobody else's can be there", async () => {
    const { server, engine } = await started({ isQuick: false }, { exclusive: true });
    const drawing = await runTask(engine, aTask.textToImage({ steps: 10 }));
    await vi.waitUntil(() => server.running !== null);
    server.stepTo(3);
    await vi.waitUntil(() => drawing.progress.some(({ step }) => step === 3));
    server.finish();
    await drawing.result;
    const { progress, result, abort } = await runTask(engine, aTask.upscale());
    await vi.waitUntil(() => server.running !== null);
    server.stepTo(3);
    await vi.waitUntil(() => progress.some(({ phase }) => phase === "sampling"));
    abort.abort();
    await expect(result).rejects.toThrow("aborted");
    expect(server.running).toBeNull();
  });

  test("of a job that never ends is given up", async () => {
    const server = await startWebUi({ isQuick: false, hasIds: false });
    const { engine } = await startEngine(server.url, {}, { stuckMs: 50 });
    const { result, abort } = await runTask(engine, aTask.textToImage());
    await vi.waitUntil(() => server.running !== null);
    abort.abort();
    await expect(result).rejects.toMatchObject({ message: "the engine's server does not stop" });
  });
});

describe("failures", () => {
  const oom = { error: "OutOfMemoryError", detail: "", body: "", errors: "CUDA out of memory. Tried to allocate 2.00 GiB" };
  const missing = { error: "RuntimeError", detail: "", body: "", errors: "model 'v1-5' not found" };
  test.each<[string, number, unknown, FailureName, boolean]>([
    ["no memory", 500, oom, "NO_GPU", true],
    ["a model that is gone", 500, missing, "MODEL_LOAD_FAILED", true],
    ["an unreadable picture", 500, { error: "HTTPException", detail: "Invalid encoded image" }, "BAD_REQUEST", false],
    ["a value out of its range", 422, { detail: [{ loc: ["body", "steps"], msg: "too many" }] }, "INTERNAL", false],
    ["another route", 404, { detail: "Not Found" }, "INTERNAL", true],
    ["anything else", 500, { error: "NansException", errors: "NaN at /home/owner/models" }, "INTERNAL", true],
    ["pictures that are none", 200, { images: ["bm90aGluZw=="] }, "INTERNAL", true],
    ["something odd", 404, "nothing", "INTERNAL", true],
  ])("%s", async (_, status, body, failure, isRetryable) => {
    const { engine, log } = await started({ refuse: (path) => (path === "/sdapi/v1/txt2img" ? { status, body } : null) });
    const { result } = await runTask(engine, aTask.textToImage());
    await expect(result).rejects.toMatchObject({ failure, isRetryable, message: expect.not.stringContaining("/home") });
    const isSaid = log.events.some((event) => event.startsWith("engine-error") && event.includes(`answered ${status}`));
    expect(isSaid).toBe(status >= 400);
  });

  test("a job that somebody interrupted is tried again, not handed out half done", async () => {
    const { server, engine } = await started({ isQuick: false });
    const { result } = await runTask(engine, aTask.textToImage());
    await vi.waitUntil(() => server.running !== null);
    server.interrupt();
    await expect(result).rejects.toMatchObject({ message: "somebody interrupted the engine's server", isRetryable: true });
  });

  test("a server that dies in a task takes its models with it", async () => {
    const server = await startWebUi({ isQuick: false });
    const { port } = server;
    // The next look that finds out by itself is far away.
    const { engine } = await startEngine(server.url, {}, { lookMs: 60_000 });
    const { result } = await runTask(engine, aTask.textToImage());
    await vi.waitUntil(() => server.running !== null);
    await server.stop();
    await expect(result).rejects.toMatchObject({ message: "the engine's server is gone", isRetryable: true });
    expect(engine.models()).toEqual([]);
    await expect((await runTask(engine, aTask.textToImage())).result).rejects.toMatchObject({ failure: "MODEL_LOAD_FAILED" });
    await startWebUi({}, port);
    await vi.waitUntil(() => engine.models().length > 0);
  });
});
