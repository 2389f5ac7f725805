import type { EngineTask } from "@star-graph/shared/rest/generate";
import { describe, expect, test } from "vitest";
import { aTask } from "../../../test/comfyui/tasks.ts";
import { GRAPHS, readJson } from "../../../test/comfyui/transcript.ts";
import { filesOfModel, KNOWN_MODELS } from "../known-models.ts";
import { findModels, leftOut } from "./find-models.ts";
import { Graph } from "./graph.ts";
import { framesNear } from "./graphs/video.ts";
import { type NodeClasses, parseObjectInfo } from "./object-info.ts";
import { planTask } from "./plan-task.ts";
import { ComfyUISettings } from "./settings.ts";
import { problemsOf } from "./validate-graph.ts";

type Json = Record<string, { input: { required: Record<string, unknown[]> } }>;

/** The recorded description, with these files in the loaders' lists as well. */
function classesWith(files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {}, nodes: object = {}): NodeClasses {
  const info = structuredClone(readJson("object_info.json")) as Json;
  for (const [className, inputs] of Object.entries(files)) {
    for (const [input, names] of Object.entries(inputs)) {
      const [type, rest] = info[className]?.input.required[input] ?? [];
      const listed = Array.isArray(type) ? [...(type as string[]), ...names] : names;
      if (info[className]) info[className].input.required[input] = [listed, rest];
    }
  }
  return parseObjectInfo({ ...info, ...nodes });
}

const settings = (models: object[] = []) => ComfyUISettings.parse({ engine: "comfyui", models });

function planned(task: EngineTask, classes: NodeClasses, models: object[] = []) {
  const name = "model" in task.parameters ? task.parameters.model : task.parameters.modelName;
  const found = findModels(classes, settings(models).models, []).find(
    ({ model }) => model.name === name && model.types.includes(task.type),
  );
  if (!found) throw new Error(`no ${name}`);
  return planTask(found.recipe, task, { classes, image: "stargraph/x.png", prefix: "stargraph/id" });
}

const WAN = {
  UNETLoader: {
    unet_name: ["wan2.1_t2v_1.3B_fp16.safetensors", "wan2.1_i2v_480p_14B_fp8.safetensors", "sub\\wan2.2_ti2v_5B_fp16.safetensors"],
  },
  CLIPLoader: { clip_name: ["umt5_xxl_fp8_e4m3fn_scaled.safetensors", "t5xxl_fp8_e4m3fn.safetensors"] },
  VAELoader: { vae_name: ["wan_2.1_vae.safetensors", "wan2.2_vae.safetensors"] },
  CLIPVisionLoader: { clip_name: ["clip_vision_h.safetensors"] },
  CheckpointLoaderSimple: { ckpt_name: ["ltx-video-2b-v0.9.5.safetensors"] },
};
const RECORDED = classesWith();
const FULL = classesWith(WAN);

const TASKS: readonly [string, EngineTask, NodeClasses][] = [
  ["text to image", aTask.textToImage({ batchSize: 3 }), RECORDED],
  ["text to image with SDXL", aTask.textToImage({ modelName: "stable-diffusion-xl-base-1.0" }), RECORDED],
  ["image to image", aTask.imageToImage(), RECORDED],
  ["a batch of image to image", aTask.imageToImage({ batchSize: 2 }), RECORDED],
  ["upscale x2", aTask.upscale({ scaleFactor: 2 }), RECORDED],
  ["upscale x4", aTask.upscale(), RECORDED],
  ["pose by canny", aTask.pose(), RECORDED],
  ["pose by openpose", aTask.pose({ controlType: "openpose" }), RECORDED],
  ["pose by depth", aTask.pose({ controlType: "depth" }), RECORDED],
  ["text to video by SVD", aTask.textToVideo(), RECORDED],
  ["image to video by SVD", aTask.imageToVideo(), RECORDED],
  ["a loop", aTask.imageToVideo({ videoLoop: true }), RECORDED],
  ["text to video by Wan 2.1", aTask.textToVideo({ modelName: "wan2.1-t2v" }), FULL],
  ["image to video by Wan 2.1", aTask.imageToVideo({ modelName: "wan2.1-i2v" }), FULL],
  ["text to video by Wan 2.2", aTask.textToVideo({ modelName: "wan2.2-ti2v-5b", width: 72 }), FULL],
  ["image to video by Wan 2.2", aTask.imageToVideo({ modelName: "wan2.2-ti2v-5b", videoLoop: true }), FULL],
  ["text to video by LTX", aTask.textToVideo({ modelName: "ltx-video", width: 72 }), FULL],
  ["image to video by LTX", aTask.imageToVideo({ modelName: "ltx-video" }), FULL],
];

test.each(TASKS)("the graph for %s is right by the server's own description", (_, task, classes) => {
  const plan = planned(task, classes);
  expect(problemsOf(plan.graph, classes)).toEqual([]);
  expect(plan.results).toHaveLength(1);
});

test.each(TASKS)("the outputs for %s are named by the job, so that none repeats an older file's name", (_, task, classes) => {
  const { graph, thumbnail } = planned(task, classes);
  const prefixes = Object.values(graph).flatMap(({ inputs }) => ("filename_prefix" in inputs ? [inputs["filename_prefix"]] : []));
  expect(prefixes).toEqual(thumbnail === undefined ? ["stargraph/id"] : ["stargraph/id", "stargraph/id_thumb"]);
});

test("every graph of the recordings that has no test node is right too", () => {
  const known = GRAPHS.map((name) => Graph.parse(readJson(`graphs/${name}.json`))).filter((graph) =>
    Object.values(graph).every(({ class_type: name }) => !name.startsWith("Rig") && RECORDED.has(name)),
  );
  expect(known.length).toBeGreaterThan(20);
  const problems = known.flatMap((graph) => problemsOf(graph, RECORDED)).map(({ kind, input }) => `${kind} ${input}`);
  // Two recordings had a file that is in no list of this description.
  expect([...new Set(problems)]).toEqual(["not-in-list ckpt_name"]);
});

describe("models are found", () => {
  const names = (classes: NodeClasses, models: object[] = []) =>
    findModels(classes, settings(models).models, []).map(
      ({ model }) => `${model.name}: ${model.types.join(" ")}${model.features ? ` ${model.features.join(" ")}` : ""}`,
    );

  test("by the names of the API, where both nodes and files are there", () => {
    expect(names(RECORDED)).toEqual([
      "stable-diffusion-xl-base-1.0: TEXT2IMG IMG2IMG",
      "stable-diffusion-v1-5: TEXT2IMG IMG2IMG POSE pose:OPENPOSE pose:CANNY pose:DEPTH",
      "RealESRGAN: UPSCALE",
      "stable-video-diffusion: TEXT2VIDEO",
      "stable-video-diffusion-img2vid: IMG2VIDEO",
    ]);
    expect(names(FULL).slice(5)).toEqual([
      "wan2.1-t2v: TEXT2VIDEO",
      "wan2.1-i2v: IMG2VIDEO",
      "wan2.2-ti2v-5b: TEXT2VIDEO IMG2VIDEO",
      "ltx-video: TEXT2VIDEO IMG2VIDEO",
    ]);
  });

  test.each([
    ["stable-diffusion-v1-5", ["sd-v1-5-inpainting.ckpt", "v1-5-pruned.safetensors", "x/v1-5-pruned-emaonly.safetensors"], 2],
    ["stable-diffusion-v1-5", ["sd-v1-5-inpainting.ckpt"], null],
    ["stable-diffusion-xl-base-1.0", ["sd_xl_base_1.0_inpainting_0.1.safetensors"], null],
    ["stable-diffusion-xl-base-1.0", ["sd_xl_base_1.0_0.9vae.safetensors", "sd_xl_base_1.0.safetensors"], 1],
    ["ltx-video", ["ltxv-13b-0.9.7-distilled-lora128.safetensors", "ltxv-2b-0.9.6-dev.safetensors"], 1],
    ["wan2.1-i2v", ["Wan2_1-I2V-14B-480P_lora.safetensors", "Wan2_1-I2V-14B-480P_fp8_e4m3fn.safetensors"], 1],
  ])("%s is never another model whose name begins alike: %j", (name, files, index) => {
    const known = KNOWN_MODELS.find((model) => model.name === name) ?? { files: /never/ };
    expect(filesOfModel(known, files, (file) => file)[0] ?? null).toBe(index === null ? null : files[index]);
  });

  test("the owner's mapping comes first, and what is not there is not offered", () => {
    const models = [
      { name: "stable-diffusion-v1-5", family: "sdxl", file: "sd_xl_base_1.0.safetensors", maxPixels: 1_000_000 },
      { name: "dream", family: "sd15", file: "dreamshaper.safetensors" },
    ];
    expect(names(RECORDED, models)[0]).toBe("stable-diffusion-v1-5: TEXT2IMG IMG2IMG");
    expect(names(RECORDED, models).filter((name) => name.startsWith("stable-diffusion-v1-5"))).toHaveLength(1);
    expect(names(RECORDED, models).join()).not.toContain("dream");
    expect(names(parseObjectInfo({}))).toEqual([]);
  });

  test("a mapped file is found with its folders, whichever way they are parted, and one that is missing is said with why", () => {
    const classes = classesWith({
      CheckpointLoaderSimple: { ckpt_name: ["photo\\dream.safetensors", "anime/ink.safetensors", "ltx.safetensors"] },
    });
    const { models } = settings([
      { name: "dream", family: "sd15", file: "photo/dream.safetensors" },
      { name: "ink", family: "sd15", file: "anime\\ink.safetensors" },
      { name: "plain", family: "sdxl", file: "dream.safetensors" },
      { name: "gone", family: "sd15", file: "drawings/dream.safetensors" },
      { name: "film", family: "ltx", file: "ltx.safetensors" },
    ]);
    const found = findModels(classes, models, []);
    expect(found.flatMap(({ model }) => (models.some(({ name }) => name === model.name) ? [model.name] : []))).toEqual([
      "dream",
      "ink",
      "plain",
    ]);
    expect(leftOut(classes, models, [], found)).toEqual([
      "gone is not offered: ComfyUI lists no drawings/dream.safetensors in checkpoints",
      "film is not offered: ComfyUI lacks nodes or files that ltx.safetensors needs beside it",
    ]);
  });

  test("a note to a task's owner names a file, and no folder of the agent's", () => {
    const classes = classesWith({ CheckpointLoaderSimple: { ckpt_name: ["private stuff/mine.safetensors"] } });
    const { models } = settings([{ name: "mine", family: "sdxl", file: "private stuff/mine.safetensors" }]);
    const svd = findModels(classes, models, []).find(({ recipe }) => recipe.kind === "svd")?.recipe;
    const still = { family: "sdxl", checkpoint: "private stuff/mine.safetensors" } as const;
    if (svd?.kind !== "svd") throw new Error("no video model");
    const { notes } = planTask({ ...svd, still }, aTask.textToVideo(), { classes, image: null, prefix: "p" });
    expect(notes.join()).toContain("by mine.safetensors");
    expect(notes.join()).not.toContain("private");
  });

  test("a finished pose picture will do where no preprocessor is; one that is there is used, with its own defaults", () => {
    const image = {
      required: {
        image: ["IMAGE"],
        detect_hand: [["enable", "disable"], { default: "enable" }],
        resolution: ["INT", { default: 512, min: 64, max: 16384 }],
      },
    };
    const classes = classesWith({}, { DWPreprocessor: { input: image, output: ["IMAGE"], output_node: true } });
    const plan = planned(aTask.pose({ controlType: "openpose" }), classes);
    const node = Object.values(plan.graph).find(({ class_type: name }) => name === "DWPreprocessor");
    expect(node?.inputs).toMatchObject({ detect_hand: "enable", resolution: 64 });
    expect(problemsOf(plan.graph, classes)).toEqual([]);
    // It is an output node to the server; what was ordered comes from the node that saves.
    expect(plan.results.map((id) => plan.graph[id]?.class_type)).toEqual(["SaveImage"]);
  });
});

test.each([
  [{ RealESRGAN_x4plus: 4 }, 2, 1, true],
  [{ RealESRGAN_x2plus: 2 }, 4, 2, false],
] as const)("an upscaler of another factor is scaled or used twice: %o for x%i", (files, scaleFactor, passes, isScaled) => {
  const info = structuredClone(readJson("object_info.json")) as Json;
  const loader = info["UpscaleModelLoader"]?.input.required;
  if (loader) loader["model_name"] = ["COMBO", { options: Object.keys(files).map((name) => `${name}.pth`) }];
  const classes = parseObjectInfo(info);
  const { graph } = planned(aTask.upscale({ scaleFactor }), classes);
  const nodes = Object.values(graph).map(({ class_type: name }) => name);
  expect(nodes.filter((name) => name === "ImageUpscaleWithModel")).toHaveLength(passes);
  expect(nodes.includes("ImageScale")).toBe(isScaled);
});

describe("videos are as long as was asked for", () => {
  const played = (task: EngineTask, classes = FULL) => {
    const { graph, notes } = planned(task, classes);
    const nodes = Object.values(graph);
    const frames = nodes.flatMap(({ inputs }) => inputs["video_frames"] ?? inputs["length"] ?? []).filter((count) => count !== 1);
    return { frames, fps: nodes.find(({ class_type: name }) => name === "CreateVideo")?.inputs["fps"], notes: notes.length };
  };

  test("with the frames that a model is made for, played slower or faster, and said so", () => {
    expect(played(aTask.imageToVideo({ duration: 4, fps: 8, prompt: "" }))).toEqual({ frames: [14], fps: 3.5, notes: 1 });
    expect(played(aTask.imageToVideo({ duration: 2, fps: 7, prompt: "" }))).toEqual({ frames: [14], fps: 7, notes: 0 });
    expect(played(aTask.imageToVideo({ duration: 2, videoLoop: true }))).toMatchObject({ fps: 13 });
    expect(played(aTask.textToVideo({ modelName: "wan2.1-t2v", duration: 10, fps: 24 }))).toEqual({ frames: [81], fps: 8.1, notes: 1 });
    expect(played(aTask.textToVideo({ modelName: "wan2.1-t2v", duration: 4, fps: 16 }))).toEqual({ frames: [65], fps: 16.25, notes: 0 });
    expect(played(aTask.textToVideo({ modelName: "ltx-video", duration: 4, fps: 8 }))).toEqual({ frames: [33], fps: 8.25, notes: 0 });
  });

  test.each([
    [1, 5],
    [5, 5],
    [6, 5],
    [7, 9],
    [32, 33],
    [500, 81],
  ])("%i frames are %i for a model of 4n+1", (wanted, made) => {
    expect(framesNear(wanted, { step: 4, extra: 1, max: 81 })).toBe(made);
  });
});

test.each([
  [{ modelName: "wan2.1-i2v", width: 832, height: 480 }, 160, false],
  [{ modelName: "wan2.2-ti2v-5b", width: 1024, height: 1024 }, 121, true],
])("a loop too large for ComfyUI's memory plays forwards only, and says so: %o", (changes, frames, isSaid) => {
  const { graph, notes } = planned(aTask.imageToVideo({ videoLoop: true, duration: 10, fps: 30, ...changes }), FULL);
  const fps = Object.values(graph).find(({ class_type: name }) => name === "CreateVideo")?.inputs["fps"];
  expect({ fps, isSaid: notes.join().includes("forwards only") }).toEqual({ fps: frames / 10, isSaid });
});
