import { fileName } from "../known-models.ts";
import { choicesOf, type NodeClasses } from "./object-info.ts";
import type { Control, ImageFiles } from "./recipes.ts";

const CONTROL_TYPES = ["openpose", "canny", "depth"] as const;
export type ControlType = (typeof CONTROL_TYPES)[number];

/** Canny is a core node; the others come with the custom nodes `comfyui_controlnet_aux`, the best first. */
const PREPROCESSORS: Readonly<Record<ControlType, readonly string[]>> = {
  canny: ["Canny"],
  openpose: ["DWPreprocessor", "OpenposePreprocessor"],
  depth: ["DepthAnythingV2Preprocessor", "DepthAnythingPreprocessor", "MiDaS-DepthMapPreprocessor"],
};

/** What a family's ControlNets can do here. One of another family fails only after the load, so a file's name must say both. */
export function controlsOf(classes: NodeClasses, family: ImageFiles["family"]): Map<ControlType, Control> {
  const files = choicesOf(classes, "ControlNetLoader", "control_net_name");
  const controls = new Map<ControlType, Control>();
  for (const type of CONTROL_TYPES) {
    const controlNet = files.find((file) => familyOf(file) === family && fileName(file).toLowerCase().includes(type));
    if (controlNet === undefined) continue;
    const preprocessor = PREPROCESSORS[type].find((name) => classes.has(name)) ?? null;
    // Edges of a picture that is not edges are noise; nobody hands in finished ones.
    if (preprocessor !== null || type !== "canny") controls.set(type, { controlNet, preprocessor });
  }
  return controls;
}

function familyOf(file: string): ImageFiles["family"] | null {
  const name = file.toLowerCase();
  if (/sd_?xl|xinsir/.test(name)) return "sdxl";
  if (/sd_?15|sd_?v?1[.-]5|v11[a-z0-9]*_sd15/.test(name)) return "sd15";
  return null;
}
