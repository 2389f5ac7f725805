import { EngineSettings } from "./settings.ts";

/**
 * What an owner who names no engine wants: a ComfyUI that runs here, else a WebUI, else the built-in engine where its package is,
 * else a ComfyUI to come.
 */
export async function findEngine(
  unnamed: EngineSettings,
  look: { isComfyUIThere: () => Promise<boolean>; isWebUiThere: () => Promise<boolean>; hasBuiltIn: () => boolean },
): Promise<EngineSettings> {
  const { slots, mappedModels } = unnamed;
  const [hasComfyUI, hasWebUi] = await Promise.all([look.isComfyUIThere(), look.isWebUiThere()]);
  if (!hasComfyUI && !hasWebUi && look.hasBuiltIn()) return unnamed;
  return EngineSettings.parse({ engine: hasWebUi && !hasComfyUI ? "sdapi" : "comfyui", slots, mappedModels });
}

const LOOK_MS = 2_000;

export const COMFYUI_URL = "http://127.0.0.1:8188";
export const WEBUI_URL = "http://127.0.0.1:7860";

export const isComfyUIThere = (): Promise<boolean> => isThere(`${COMFYUI_URL}/system_stats`);
/** One that was started without `--api` is of no use. */
export const isWebUiThere = (): Promise<boolean> => isThere(`${WEBUI_URL}/sdapi/v1/sd-models`);

/** Node's own client, because the agent's other one is loaded with the first task. */
async function isThere(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(LOOK_MS) });
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
  return [await findEngine(unnamed, { isComfyUIThere, isWebUiThere, hasBuiltIn })];
}
