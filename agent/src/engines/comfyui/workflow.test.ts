import { describe, expect, test } from "vitest";
import { aTask } from "../../../test/comfyui/tasks.ts";
import { readJson } from "../../../test/comfyui/transcript.ts";
import { findModels } from "./find-models.ts";
import { parseObjectInfo } from "./object-info.ts";
import { ComfyUISettings } from "./settings.ts";
import { problemsOf } from "./validate-graph.ts";
import { Workflow } from "./workflow.ts";

const CLASSES = parseObjectInfo(readJson("object_info.json"));
const GRAPH = readJson("graphs/img2img_sd15.json");

function aWorkflow(changes: object = {}, content: unknown = GRAPH): Workflow {
  const one = { name: "mine", types: ["IMG2IMG"], file: "flows/mine.json", ...changes };
  const [settings] = ComfyUISettings.parse({ engine: "comfyui", workflows: [one] }).workflows;
  if (!settings) throw new Error("none");
  return new Workflow({ settings, content });
}

const INPUTS = {
  prompt: "2.text",
  negativePrompt: "3.text",
  seed: "5.seed",
  steps: ["5.steps"],
  cfgScale: "5.cfg",
  sampler: "5.sampler_name",
  denoise: "5.denoise",
  image: "8.image",
  width: "9.width",
};

test("an owner's workflow is given what it names of a task, and saves under the job's name", () => {
  const task = aTask.imageToImage({ prompt: "a dog", negativePrompt: "blurry", seed: 9, steps: 7, strength: 0.25, width: 128 });
  const { graph, results } = aWorkflow({ inputs: INPUTS }).plan(task, {
    classes: CLASSES,
    image: "stargraph/x.png",
    prefix: "stargraph/id",
  });
  expect(graph["2"]?.inputs["text"]).toBe("a dog");
  expect(graph["3"]?.inputs["text"]).toBe("blurry");
  expect(graph["5"]?.inputs).toMatchObject({ seed: 9, steps: 7, cfg: 7, sampler_name: "euler", denoise: 0.25, scheduler: "normal" });
  expect(graph["8"]?.inputs["image"]).toBe("stargraph/x.png");
  expect(graph["9"]?.inputs).toMatchObject({ width: 128, height: 64 });
  expect(results.map((id) => graph[id]?.inputs["filename_prefix"])).toEqual(["stargraph/id"]);
  expect(problemsOf(graph, CLASSES)).toEqual([]);
  // The file itself is as it was.
  expect(aWorkflow({ inputs: INPUTS }).plan(task, { classes: CLASSES, image: null, prefix: "p" }).graph["8"]?.inputs["image"]).toBe(
    "rig_input.png",
  );
});

test.each([
  ["no workflow", {}, { nodes: [], links: [] }, /flows\/mine.json is no workflow in API format/],
  ["a node that is not there", { inputs: { seed: "99.seed" } }, GRAPH, /has no node 99, which seed should go to/],
  ["an input that is not there", { inputs: { seed: "5.sed" } }, GRAPH, /node 5 of flows\/mine.json has no input sed/],
  ["an output that is not there", { output: "77" }, GRAPH, /has no node 77/],
])("the owner is told of %s", (_, changes, content, words) => {
  expect(() => aWorkflow(changes, content)).toThrow(words);
});

test("it comes before the table for its types, and only where the server has its nodes and files", () => {
  const workflow = aWorkflow({ name: "stable-diffusion-v1-5", maxPixels: 4096 });
  const found = findModels(CLASSES, [], [workflow]).filter(({ model }) => model.name === "stable-diffusion-v1-5");
  expect(found.map(({ model, recipe }) => [recipe.kind, ...model.types])).toEqual([
    ["workflow", "IMG2IMG"],
    ["image", "TEXT2IMG", "POSE"],
  ]);
  expect(found[0]?.model).toMatchObject({ servedAs: "workflow mine.json", maxPixels: 4096 });
  const custom = aWorkflow({}, { 1: { class_type: "SomebodysNode", inputs: {} } });
  expect(findModels(CLASSES, [], [custom]).map(({ model }) => model.name)).not.toContain("mine");
  const loader = { 1: { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "flux1-dev.safetensors" } } };
  expect(aWorkflow({}, loader).lacks(CLASSES)).toEqual({ nodes: [], files: ["flux1-dev.safetensors"] });
  expect(findModels(CLASSES, [], [aWorkflow({}, loader)]).map(({ model }) => model.name)).not.toContain("mine");
});

describe("of an owner's graph only what was filled in is judged here, the rest by ComfyUI", () => {
  const switched = ["COMFY_MATCHTYPE_V3", { template: { template_id: "s", allowed_types: "*" } }];
  const grown = ["COMFY_AUTOGROW_V3", { template: { input: { required: { image: ["IMAGE", {}] } }, prefix: "image", min: 2, max: 50 } }];
  const numbers = { frame_rate: ["FLOAT,INT", { default: 25 }], any: ["*", {}], colour: ["COLOR", { default: "#fff" }] };
  const kinds = ["COMBO", { options: ["a", "b", "c"], multiselect: true }];
  const classes = parseObjectInfo({
    ...(readJson("object_info.json") as object),
    ComfySwitchNode: { input: { required: { switch: ["BOOLEAN", {}], on_true: switched } }, output: ["COMFY_MATCHTYPE_V3"] },
    BatchImagesNode: { input: { required: { images: grown } }, output: ["IMAGE"] },
    Odd: { input: { required: { ...numbers, kinds } }, output: ["LATENT"], output_node: true },
    ResizeNode: { input: { required: { resize_type: ["COMFY_DYNAMICCOMBO_V3", {}], input: switched } }, output: ["COMFY_MATCHTYPE_V3"] },
  });
  const graph = {
    1: { class_type: "LoadImage", inputs: { image: "a.png" } },
    2: { class_type: "ComfySwitchNode", inputs: { switch: true, on_true: ["1", 0] } },
    3: { class_type: "BatchImagesNode", inputs: { "images.image0": ["1", 0], "images.image1": ["2", 0] } },
    4: { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "x" } },
    5: { class_type: "Odd", inputs: { frame_rate: 25, any: 3, colour: "#fff", kinds: ["a", "c"] } },
    6: { class_type: "ResizeNode", inputs: { resize_type: "scale", "resize_type.width": 64, input: ["3", 0] } },
  };

  test("forms of newer nodes are none of this program's business", () => {
    expect(problemsOf(graph, classes)).toEqual([]);
  });

  test("an input below a choice can be named, and a value that does not fit its place is found", () => {
    const inputs = { width: "6.resize_type.width", steps: "2.switch" };
    const plan = aWorkflow({ inputs, output: "4" }, { ...graph, 7: { class_type: "KSampler", inputs: { seed: "7", cfg: "much" } } }).plan(
      aTask.imageToImage({ width: 512 }),
      { classes, image: null, prefix: "p" },
    );
    expect(plan.graph["6"]?.inputs["resize_type.width"]).toBe(512);
    expect(problemsOf(plan.graph, classes, plan.filledIn)).toEqual([
      { nodeId: "2", className: "ComfySwitchNode", input: "switch", kind: "wrong-type" },
    ]);
  });
});
