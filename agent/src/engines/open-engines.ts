import { openBuiltInEngine } from "./built-in.ts";
import type { Engine } from "./engine.ts";
import { EngineSet, type OpenEngine } from "./engine-set.ts";
import type { EngineName, EngineSettings } from "./settings.ts";

type Openers = { readonly [Name in EngineName]: (settings: Extract<EngineSettings, { engine: Name }>) => Promise<Engine> };

const OPENERS: Openers = { "built-in": () => openBuiltInEngine() };

export type OpenEngines = (settings: readonly EngineSettings[]) => Promise<EngineSet>;

/**
 * Opens the engines that an owner configured, each by its name.
 * @throws {Refusal} when one of them can never run here; the others are closed again.
 */
export function enginesOf(openers: Partial<Openers> = {}): OpenEngines {
  const all = { ...OPENERS, ...openers };
  return async (settings) => {
    const opened: OpenEngine[] = [];
    try {
      for (const one of settings) opened.push({ engine: await all[one.engine](one), slots: one.slots, mappedModels: one.mappedModels });
    } catch (error) {
      await Promise.all(opened.map(({ engine }) => engine.close()));
      throw error;
    }
    return new EngineSet(opened);
  };
}
