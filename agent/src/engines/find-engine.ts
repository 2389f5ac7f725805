import { EngineSettings } from "./settings.ts";
import { findServers, type UsualServer } from "./usual-servers.ts";

/**
 * What an owner who names no engine wants: a ComfyUI that runs here, else a WebUI, else the built-in engine where its package is,
 * else a ComfyUI to come. One of them: two servers would share a GPU whose memory each thinks its own.
 */
export async function findEngine(
  unnamed: EngineSettings,
  look: { findServers: () => Promise<readonly UsualServer[]>; hasBuiltIn: () => boolean },
): Promise<EngineSettings> {
  const { slots, mappedModels } = unnamed;
  const [best] = await look.findServers();
  if (!best && look.hasBuiltIn()) return unnamed;
  const server = best ? { engine: best.engine, url: best.address } : { engine: "comfyui" };
  return EngineSettings.parse({ ...server, slots, mappedModels });
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
  return [await findEngine(unnamed, { findServers, hasBuiltIn })];
}
