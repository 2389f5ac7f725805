import type { TaskType } from "@star-graph/shared/task";
import { fileName, filesOfModel, isCalled, KNOWN_MODELS } from "../known-models.ts";
import type { Family, FoundModel } from "./server.ts";
import type { SdapiSettings } from "./settings.ts";

/** A ControlNet, with what makes its hint of a picture. */
export interface Control {
  model: string;
  module: string;
}

export interface ServerLists {
  checkpoints: readonly Checkpoint[];
  upscalers: readonly string[];
  /** Of the extension ControlNet: both empty where it is not installed. */
  controlModels: readonly string[];
  controlModules: readonly string[];
}

interface Checkpoint {
  /** What the server wants to be told. */
  title: string;
  file: string;
}

const MODULES = {
  canny: ["canny"],
  openpose: ["dw_openpose_full", "openpose_full", "openpose"],
  depth: ["depth_anything_v2", "depth_anything", "depth_midas", "depth"],
} as const;

/** What a server can make under the names of the API: the owner's mapping first, then the table of known files. */
export function findModels(lists: ServerLists, { models, upscalers }: Pick<SdapiSettings, "models" | "upscalers">): FoundModel[] {
  const known = KNOWN_MODELS.flatMap(({ name, family, ...names }) => {
    const [there] = filesOfModel(names, lists.checkpoints, ({ file }) => file);
    return there && (family === "sd15" || family === "sdxl") ? [{ name, family, checkpoint: there.title }] : [];
  });
  const found: FoundModel[] = [];
  const isNew = (name: string) => !found.some(({ model }) => model.name === name);
  for (const wanted of [...models, ...known]) {
    const checkpoint = lists.checkpoints.find((one) => isMeant(wanted.checkpoint, one));
    if (checkpoint && isNew(wanted.name)) found.push(ofCheckpoint(wanted, checkpoint, controlsOf(lists, wanted.family)));
  }
  for (const { name, upscaler } of [...upscalers, ...knownUpscaler(lists.upscalers)]) {
    if (!lists.upscalers.includes(upscaler) || !isNew(name)) continue;
    found.push({ model: { name, types: ["UPSCALE"], servedAs: upscaler.slice(0, 128) }, recipe: { kind: "upscale", upscaler } });
  }
  return found;
}

/** Why models of the owner's mapping are not among those that were found. */
export function leftOut({ models, upscalers }: Pick<SdapiSettings, "models" | "upscalers">, found: readonly FoundModel[]): string[] {
  const named = [
    ...models.map(({ name, checkpoint }) => ({ name, what: checkpoint })),
    ...upscalers.map(({ name, upscaler }) => ({ name, what: upscaler })),
  ];
  return named.flatMap(({ name, what }) =>
    found.some(({ model }) => model.name === name) ? [] : [`${name} is not offered: the server lists no ${what}`],
  );
}

/** An owner may write the title as the page shows it, the file, or either without what is added to it. */
function isMeant(wanted: string, { title, file }: Checkpoint): boolean {
  const withoutHash = (text: string) => text.replace(/\s*\[[0-9a-f]+\]$/, "");
  const withoutEnding = (text: string) => withoutHash(text).replace(/\.(safetensors|ckpt|gguf|pth)$/i, "");
  return [title, withoutHash(title), withoutEnding(title), file, withoutEnding(file)].some((listed) => isCalled(listed, wanted));
}

function ofCheckpoint(
  { name, maxPixels }: { name: string; maxPixels?: number | undefined },
  { title, file }: Checkpoint,
  controls: ReadonlyMap<string, Control>,
): FoundModel {
  const types: [TaskType, ...TaskType[]] = controls.size > 0 ? ["TEXT2IMG", "IMG2IMG", "POSE"] : ["TEXT2IMG", "IMG2IMG"];
  const features = [...controls.keys()].map((type) => `pose:${type.toUpperCase()}`);
  return {
    model: {
      name,
      types,
      servedAs: fileName(file).slice(0, 128),
      ...(maxPixels !== undefined && { maxPixels }),
      ...(features.length > 0 && { features }),
    },
    recipe: { kind: "image", checkpoint: title, controls },
  };
}

function controlsOf({ controlModels, controlModules }: ServerLists, family: Family): Map<string, Control> {
  const controls = new Map<string, Control>();
  for (const [type, modules] of Object.entries(MODULES)) {
    const model = controlModels.find((name) => isOfFamily(name, family) && name.toLowerCase().includes(type));
    const module = modules.find((name) => controlModules.includes(name));
    if (model !== undefined && module !== undefined) controls.set(type, { model, module });
  }
  return controls;
}

/** One of another family fails only after the load, so its name must say which it is of. */
function isOfFamily(name: string, family: Family): boolean {
  const isXl = /sd_?xl|xinsir|_xl/i.test(name);
  return family === "sdxl" ? isXl : !isXl && /sd_?15|sd_?v?1[.-]5|v11/i.test(name);
}

/** The one for photos and anything, with the largest factor; not those for drawings. */
function knownUpscaler(names: readonly string[]): { name: string; upscaler: string }[] {
  const best = [/^R-ESRGAN 4x\+$/i, /^(ESRGAN )?(4x )?RealESRGAN[ _]?x?4(x|plus)?\+?$/i, /^R-ESRGAN 2x\+$/i].flatMap((pattern) =>
    names.filter((name) => pattern.test(name)),
  );
  return best.slice(0, 1).map((upscaler) => ({ name: "RealESRGAN", upscaler }));
}
