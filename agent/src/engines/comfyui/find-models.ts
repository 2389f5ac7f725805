import type { TaskType } from "@star-graph/shared/task";
import type { EngineModel } from "../engine.ts";
import { type ControlType, controlsOf } from "./control-nets.ts";
import { type Family, fileName, filesOfModel, isCalled, KNOWN_MODELS } from "../known-models.ts";
import { LOADERS } from "./loaders.ts";
import { choicesOf, type NodeClasses } from "./object-info.ts";
import type { ImageFiles, Recipe } from "./recipes.ts";
import type { ComfyUISettings } from "./settings.ts";
import type { Workflow } from "./workflow.ts";

export interface FoundModel {
  model: EngineModel;
  recipe: Recipe;
}

type Wanted = ComfyUISettings["models"][number];

/**
 * What a server can make, by the names of the API: a node class that is there and a file in its loader's list. The owner's own
 * workflows and mapping come first, then the table.
 */
export function findModels(classes: NodeClasses, mapping: readonly Wanted[], workflows: readonly Workflow[]): FoundModel[] {
  const found = workflows.filter((workflow) => workflow.isRunnable(classes)).map(ofWorkflow);
  const known = KNOWN_MODELS.flatMap(({ name, family, ...names }): Wanted[] => {
    const [file] = filesOfModel(names, filesOf(classes, family), (listed) => listed);
    return file === undefined ? [] : [{ name, family, file }];
  });
  for (const wanted of [...mapping, ...known]) {
    if (found.some(({ model, recipe }) => recipe.kind !== "workflow" && model.name === wanted.name)) continue;
    found.push(...ofFile(classes, wanted, known));
  }
  return withoutRepeats(found);
}

/** Why models of the owner's mapping and workflows are not among those that were found. */
export function leftOut(
  classes: NodeClasses,
  mapping: readonly Wanted[],
  workflows: readonly Workflow[],
  found: readonly FoundModel[],
): string[] {
  const models = mapping.flatMap(({ name, family, file }) => {
    if (!filesOf(classes, family).some((listed) => isCalled(listed, file)))
      return [`${name} is not offered: ComfyUI lists no ${file} in ${LOADERS[family].folder}`];
    const isFound = found.some(({ model, recipe }) => recipe.kind !== "workflow" && model.name === name);
    return isFound ? [] : [`${name} is not offered: ComfyUI lacks nodes or files that ${file} needs beside it`];
  });
  return [...models, ...workflows.flatMap((workflow) => whatLacks(workflow, classes))];
}

function whatLacks(workflow: Workflow, classes: NodeClasses): string[] {
  const { nodes, files } = workflow.lacks(classes);
  const lacking = [
    ...(nodes.length > 0 ? [`the nodes ${nodes.join(", ")}`] : []),
    ...(files.length > 0 ? [`the files ${files.join(", ")}`] : []),
  ];
  return lacking.length > 0 ? [`${workflow.title} is not offered: ComfyUI lacks ${lacking.join(" and ")}`] : [];
}

function filesOf(classes: NodeClasses, family: Family): string[] {
  const { className, input } = LOADERS[family];
  return choicesOf(classes, className, input);
}

/** A type of a model is offered once: by the owner's workflow rather than by the table. */
function withoutRepeats(found: readonly FoundModel[]): FoundModel[] {
  const taken = new Set<string>();
  return found.flatMap(({ model, recipe }) => {
    const [first, ...others] = model.types.filter((type) => !taken.has(`${model.name} ${type}`));
    for (const type of model.types) taken.add(`${model.name} ${type}`);
    return first === undefined ? [] : [{ model: { ...model, types: [first, ...others] as const }, recipe }];
  });
}

function ofWorkflow(workflow: Workflow): FoundModel {
  const { name, types, maxPixels } = workflow;
  return {
    model: { name, types, servedAs: workflow.title, ...(maxPixels !== undefined && { maxPixels }) },
    recipe: { kind: "workflow", workflow },
  };
}

function ofFile(classes: NodeClasses, wanted: Wanted, known: readonly Wanted[]): FoundModel[] {
  const file = filesOf(classes, wanted.family).find((listed) => isCalled(listed, wanted.file));
  if (file === undefined) return [];
  const made = recipeOf(classes, wanted, file, known);
  if (!made) return [];
  const [first, ...others] = made.types;
  if (first === undefined) return [];
  const model: EngineModel = {
    name: wanted.name,
    types: [first, ...others],
    servedAs: fileName(file).slice(0, 128),
    ...(wanted.maxPixels !== undefined && { maxPixels: wanted.maxPixels }),
    ...(made.features && { features: made.features }),
  };
  return [{ model, recipe: made.recipe }];
}

interface Made {
  recipe: Recipe;
  types: TaskType[];
  features?: string[];
}

const has = (classes: NodeClasses, ...names: string[]): boolean => names.every((name) => classes.has(name));
const IMAGE_NODES = ["CheckpointLoaderSimple", "CLIPTextEncode", "EmptyLatentImage", "KSampler", "VAEDecode", "SaveImage"];
const VIDEO_NODES = ["CreateVideo", "SaveVideo", "VAEDecode", "ImageFromBatch", "SaveImage"];

function recipeOf(classes: NodeClasses, wanted: Wanted, file: string, known: readonly Wanted[]): Made | null {
  const { family } = wanted;
  switch (family) {
    case "sd15":
    case "sdxl": {
      if (!has(classes, ...IMAGE_NODES)) return null;
      const controls = has(classes, "ControlNetApplyAdvanced", "LoadImage", "ImageScale") ? controlsOf(classes, family) : new Map();
      const types: TaskType[] = ["TEXT2IMG"];
      if (has(classes, "LoadImage", "ImageScale", "VAEEncode")) types.push("IMG2IMG");
      if (controls.size > 0) types.push("POSE");
      const features = [...controls.keys()].map((type: ControlType) => `pose:${type.toUpperCase()}`);
      return { recipe: { kind: "image", family, checkpoint: file, controls }, types, ...(features.length > 0 && { features }) };
    }
    case "upscaler": {
      if (!has(classes, "LoadImage", "ImageUpscaleWithModel", "ImageScale", "SaveImage")) return null;
      return { recipe: { kind: "upscale", files: upscalersLike(classes, file, wanted) }, types: ["UPSCALE"] };
    }
    case "svd": {
      if (!has(classes, "SVD_img2vid_Conditioning", "VideoLinearCFGGuidance", "KSampler", "LoadImage", ...VIDEO_NODES)) return null;
      const still = stillOf(classes, known);
      const types: TaskType[] = [];
      if (wanted.name !== "stable-video-diffusion-img2vid" && still) types.push("TEXT2VIDEO");
      if (wanted.name !== "stable-video-diffusion") types.push("IMG2VIDEO");
      return { recipe: { kind: "svd", checkpoint: file, frames: /xt/i.test(fileName(file)) ? 25 : 14, still }, types };
    }
    case "wan2.1-t2v":
    case "wan2.1-i2v":
    case "wan2.2-ti2v":
      return wanOf(classes, family, file);
    case "ltx": {
      const textEncoder = choicesOf(classes, "CLIPLoader", "clip_name").find((name) => /t5xxl|t5.*xxl/i.test(name) && !/umt5/i.test(name));
      const nodes = ["EmptyLTXVLatentVideo", "LTXVConditioning", "LTXVScheduler", "SamplerCustom", "KSamplerSelect", ...VIDEO_NODES];
      if (textEncoder === undefined || !has(classes, ...nodes)) return null;
      const types: TaskType[] = has(classes, "LTXVImgToVideo", "LoadImage") ? ["TEXT2VIDEO", "IMG2VIDEO"] : ["TEXT2VIDEO"];
      return { recipe: { kind: "ltx", checkpoint: file, textEncoder }, types };
    }
  }
}

/** The file fixes the factor, and its name says it: all files of the owner's name, or of the one series. */
function upscalersLike(classes: NodeClasses, file: string, { name }: Wanted): Map<number, string> {
  const factorOf = (listed: string) => Number(/(?:x|^|[_-])([2348])x?(?=\D|$)/i.exec(fileName(listed))?.[1] ?? 4);
  const series = KNOWN_MODELS.find((known) => known.name === name && known.files.test(fileName(file)));
  const files = series ? filesOfModel(series, filesOf(classes, "upscaler"), (listed) => listed) : [file];
  return new Map(files.map((listed) => [factorOf(listed), listed]));
}

function stillOf(classes: NodeClasses, known: readonly Wanted[]): ImageFiles | null {
  if (!has(classes, ...IMAGE_NODES)) return null;
  for (const { family, file } of known) if (family === "sdxl" || family === "sd15") return { family, checkpoint: file };
  return null;
}

function wanOf(classes: NodeClasses, family: "wan2.1-t2v" | "wan2.1-i2v" | "wan2.2-ti2v", diffusion: string): Made | null {
  const textEncoder = choicesOf(classes, "CLIPLoader", "clip_name").find((name) => /umt5/i.test(name));
  const version = family === "wan2.2-ti2v" ? /wan_?2[._]2.*vae/i : /wan_?2[._]1.*vae/i;
  const vae = choicesOf(classes, "VAELoader", "vae_name").find((name) => version.test(fileName(name)));
  if (textEncoder === undefined || vae === undefined || !has(classes, "ModelSamplingSD3", "KSampler", "ImageScale", ...VIDEO_NODES))
    return null;
  const files = { diffusion, textEncoder, vae };
  switch (family) {
    case "wan2.1-t2v":
      if (!has(classes, "EmptyHunyuanLatentVideo")) return null;
      return { recipe: { kind: "wan", variant: "t2v", ...files, clipVision: null }, types: ["TEXT2VIDEO"] };
    case "wan2.1-i2v": {
      if (!has(classes, "WanImageToVideo", "LoadImage")) return null;
      const clipVision = choicesOf(classes, "CLIPVisionLoader", "clip_name").find((name) => /clip_vision_h/i.test(name)) ?? null;
      return { recipe: { kind: "wan", variant: "i2v", ...files, clipVision }, types: ["IMG2VIDEO"] };
    }
    case "wan2.2-ti2v":
      if (!has(classes, "Wan22ImageToVideoLatent", "LoadImage")) return null;
      return { recipe: { kind: "wan", variant: "ti2v", ...files, clipVision: null }, types: ["TEXT2VIDEO", "IMG2VIDEO"] };
  }
}
