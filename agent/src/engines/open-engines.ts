import type { Log } from "../log.ts";
import { openBuiltInEngine } from "./built-in.ts";
import type { Engine } from "./engine.ts";
import { EngineSet, type OpenEngine } from "./engine-set.ts";
import type { EngineName, EngineSettings } from "./settings.ts";

interface OpenDeps {
  log: Log;
  /** Where an engine keeps what it must know after a crash; left out by who only looks. */
  stateFolder?: string;
}

type Openers = { readonly [Name in EngineName]: (settings: Extract<EngineSettings, { engine: Name }>, deps: OpenDeps) => Promise<Engine> };

const OPENERS: Openers = {
  "built-in": () => openBuiltInEngine(),
  // Loaded by those who have one: it is most of this program.
  comfyui: async (settings, deps) => (await import("./comfyui/open-comfyui.ts")).openComfyUI(settings, deps),
  sdapi: async (settings, deps) => (await import("./sdapi/open-sdapi.ts")).openSdapi(settings, deps),
  command: async (settings, deps) => (await import("./command/open-command.ts")).openCommand(settings, deps),
};

export type OpenEngines = (settings: readonly EngineSettings[], deps: OpenDeps) => Promise<EngineSet>;

/**
 * Opens the engines that an owner configured, each by its name.
 * @throws {Refusal} when one of them can never run here; the others are closed again.
 */
export function enginesOf(openers: Partial<Openers> = {}): OpenEngines {
  const all = { ...OPENERS, ...openers };
  return async (settings, deps) => {
    const opened: OpenEngine[] = [];
    try {
      for (const one of settings) {
        const { slots, mappedModels, gpuMemoryGigabytes } = one;
        const memory = gpuMemoryGigabytes === undefined ? {} : { gpuMemoryBytes: gpuMemoryGigabytes * 2 ** 30 };
        opened.push({ engine: await openOne(all, one, deps), slots, mappedModels, ...memory });
      }
    } catch (error) {
      await Promise.all(opened.map(({ engine }) => engine.close()));
      throw error;
    }
    return new EngineSet(opened);
  };
}

function openOne(openers: Openers, settings: EngineSettings, deps: OpenDeps): Promise<Engine> {
  switch (settings.engine) {
    case "built-in":
      return openers["built-in"](settings, deps);
    case "comfyui":
      return openers.comfyui(settings, deps);
    case "sdapi":
      return openers.sdapi(settings, deps);
    case "command":
      return openers.command(settings, deps);
  }
}
