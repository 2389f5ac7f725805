import { EngineSettings } from "./settings.ts";

/** What an owner who names no engine wants: a ComfyUI that runs here, else the built-in engine where its package is, else a ComfyUI to come. */
export async function findEngine(
  unnamed: EngineSettings,
  look: { isComfyUIThere: () => Promise<boolean>; hasBuiltIn: () => boolean },
): Promise<EngineSettings> {
  if (!(await look.isComfyUIThere()) && look.hasBuiltIn()) return unnamed;
  const { slots, mappedModels } = unnamed;
  return EngineSettings.parse({ engine: "comfyui", slots, mappedModels });
}

const LOOK_MS = 2_000;

/** Asks the usual port. Node's own client, because the agent's other one is loaded with the first task. */
export async function isComfyUIThere(): Promise<boolean> {
  try {
    const answer = await fetch("http://127.0.0.1:8188/system_stats", { signal: AbortSignal.timeout(LOOK_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

export function hasBuiltIn(): boolean {
  try {
    import.meta.resolve("stargraph-scene");
    return true;
  } catch {
    return false;
  }
}

/** The owner's, or where none was named the one that is found. */
export async function chosenEngines(config: { engines: EngineSettings[]; isEngineChosen: boolean }): Promise<EngineSettings[]> {
  const [unnamed] = config.engines;
  if (config.isEngineChosen || !unnamed) return config.engines;
  return [await findEngine(unnamed, { isComfyUIThere, hasBuiltIn })];
}
