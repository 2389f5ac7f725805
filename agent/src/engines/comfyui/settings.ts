import { TaskType } from "@star-graph/shared/task";
import { z } from "zod";
import { FAMILIES } from "../known-models.ts";

const Name = z.string().min(1).max(128);
const MaxPixels = z
  .int()
  .min(64 * 64)
  .optional();

/** `<node id>.<input>`, as in the workflow's file; one value may go to several places. Inputs below a choice have dots of their own. */
const Place = z.string().regex(/^[^.]+\..+$/, "must be written <node id>.<input>, as in 6.text");
const Places = z.union([Place, z.array(Place).min(1)]).transform((places) => (typeof places === "string" ? [places] : places));

/** What of a task an owner's workflow can be given. */
export const WORKFLOW_INPUTS = [
  "prompt",
  "negativePrompt",
  "seed",
  "steps",
  "cfgScale",
  "sampler",
  "scheduler",
  "denoise",
  "width",
  "height",
  "batchSize",
  "image",
  "scaleFactor",
  "controlStrength",
  "frames",
  "fps",
] as const;

export const ComfyUISettings = z.strictObject({
  engine: z.literal("comfyui"),
  url: z.url({ protocol: /^https?$/, error: "must be a URL such as http://127.0.0.1:8188" }).default("http://127.0.0.1:8188"),
  /** Starts the server, and starts it again when it ends or hangs; left out, one is waited for at `url`. */
  start: z
    .strictObject({
      command: z.array(z.string().min(1)).min(1),
      folder: z.string().min(1).optional(),
      /** How long it may take until it answers. */
      withinSeconds: z.int().min(1).max(3600).default(300),
    })
    .optional(),
  /** Files by the API's names for them, before the table of known ones. */
  models: z.array(z.strictObject({ name: Name, file: z.string().min(1), family: z.enum(FAMILIES), maxPixels: MaxPixels })).default([]),
  workflows: z
    .array(
      z.strictObject({
        name: Name,
        types: z.tuple([TaskType], TaskType),
        /** A workflow that ComfyUI exported in API format. */
        file: z.string().min(1),
        inputs: z.partialRecord(z.enum(WORKFLOW_INPUTS), Places).default({}),
        /** The node whose files are the results, where there are several. */
        output: z.string().min(1).optional(),
        maxPixels: MaxPixels,
      }),
    )
    .default([]),
  /** Whether tasks can be looked at while they are drawn. */
  previews: z.boolean().default(true),
});
export type ComfyUISettings = z.infer<typeof ComfyUISettings>;
