import { TaskType } from "@star-graph/shared/task";
import { z } from "zod";
import { ComfyUISettings } from "./comfyui/settings.ts";
import { CommandSettings } from "./command/settings.ts";
import { SdapiSettings } from "./sdapi/settings.ts";

const MappedModel = z.strictObject({
  name: z.string().min(1).max(128, "must have at most 128 characters"),
  /** Null for all that the engine's model can do. */
  types: z.array(TaskType).min(1).nullable().default(null),
});
export type MappedModel = z.infer<typeof MappedModel>;

const SLOTS = "must be a whole number from 1 to 64";
const GIGABYTES = "must be a whole number of GB";
const OfEveryEngine = {
  /** Tasks that it runs at a time. */
  slots: z.int(SLOTS).min(1, SLOTS).max(64, SLOTS).default(1),
  /** Memory of its GPU in GB, as it is sold, where its server does not say it. */
  gpuMemoryGigabytes: z.int(GIGABYTES).min(1, GIGABYTES).max(4096, GIGABYTES).optional(),
  /** Further model names of the API that the engine's first model is offered under. */
  mappedModels: z.array(MappedModel).max(400, "must name at most 400 models").default([]),
};

const BuiltInSettings = z.strictObject({ engine: z.literal("built-in"), ...OfEveryEngine });

const ENGINES = [
  BuiltInSettings,
  ComfyUISettings.extend(OfEveryEngine),
  SdapiSettings.extend(OfEveryEngine),
  CommandSettings.extend(OfEveryEngine),
] as const;
const NAMES = ENGINES.map((one) => one.shape.engine.value).join(", ");

/** One engine, as its owner configures it. */
export const EngineSettings = z.discriminatedUnion("engine", ENGINES, {
  error: ({ code }) => (code === "invalid_union" ? `must be one of: ${NAMES}` : undefined),
});
export type EngineSettings = z.infer<typeof EngineSettings>;

export type EngineName = EngineSettings["engine"];
/** Those of which nothing has to be said but their names. */
export const ENGINE_NAMES = EngineSettings.options
  .filter((option) => option.safeParse({ engine: option.shape.engine.value }).success)
  .map((option) => option.shape.engine.value);
