import type { AgentModel } from "./agent-protocol.ts";
import type { TaskType } from "./task.ts";

/** What a task asks of the model that runs it. */
export interface ModelNeeds {
  type: TaskType;
  model: string;
  /** Width × height of one picture or frame. */
  pixels: number;
  /** 1 for pictures. */
  frames: number;
  features: readonly string[];
  /** Memory of the GPU, as it is sold; absent or 0 where nobody said that it needs so much. */
  memoryBytes?: number | undefined;
}

export type Shortfall = "model" | "type" | "pixels" | "frames" | "features" | "memory";

/**
 * What keeps a model, as an agent offers it, from running a task; null when nothing does. What it does not say, it does not limit.
 * The edge asks this before an offer and the agent when it has come, so that both mean the same.
 */
export function shortfallOf(offered: AgentModel, { type, model, pixels, frames, features, memoryBytes = 0 }: ModelNeeds): Shortfall | null {
  if (offered.name !== model) return "model";
  if (!offered.types.includes(type)) return "type";
  if (pixels > (offered.maxPixels ?? Infinity)) return "pixels";
  if (frames > (offered.maxFrames ?? Infinity)) return "frames";
  if (offered.features && !features.every((feature) => offered.features?.includes(feature))) return "features";
  return memoryBytes > (offered.memoryBytes ?? Infinity) ? "memory" : null;
}
