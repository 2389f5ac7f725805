import { formatMemory } from "@star-graph/shared/gpu-memory";
import type { LocalText } from "@star-graph/shared/text";
import type { MemoryShortfall } from "../queue/types.ts";

/** Why nobody can run a task, where memory alone is missing. */
export function memoryText({ neededBytes, largestBytes }: MemoryShortfall): LocalText {
  const [needed, largest] = [formatMemory(neededBytes), formatMemory(largestBytes)];
  return {
    zh: `模型需要 ${needed} 显存，在线GPU最大为 ${largest}`,
    en: `The model needs ${needed} of GPU memory, the largest connected agent for it has ${largest}`,
  };
}
