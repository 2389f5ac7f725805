import type { ControlType } from "./control-nets.ts";
import type { Workflow } from "./workflow.ts";

export interface ImageFiles {
  family: "sd15" | "sdxl";
  checkpoint: string;
}

/** The files and nodes by which this server makes what a model's name promises. */
export type Recipe =
  | (ImageFiles & { kind: "image"; controls: ReadonlyMap<ControlType, Control> })
  | { kind: "upscale"; files: ReadonlyMap<number, string> }
  /** `still` makes the picture that a video from words begins with: the model itself takes no words. */
  | { kind: "svd"; checkpoint: string; frames: number; still: ImageFiles | null }
  | { kind: "wan"; variant: "t2v" | "i2v" | "ti2v"; diffusion: string; textEncoder: string; vae: string; clipVision: string | null }
  | { kind: "ltx"; checkpoint: string; textEncoder: string }
  | { kind: "workflow"; workflow: Workflow };

export interface Control {
  controlNet: string;
  /** Makes the hint of any picture; without one the picture must be a finished hint. */
  preprocessor: string | null;
}
