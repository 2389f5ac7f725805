import type { AgentModel } from "@star-graph/shared/agent-protocol";
import type { TaskType } from "@star-graph/shared/task";
import type { EngineModel } from "./engine.ts";
import type { MappedModel } from "./settings.ts";

/** An engine's own models, and its first one again under each mapped name of the API, for the types that both can do. */
export function offeredModels(engineName: string, models: readonly EngineModel[], mappedModels: readonly MappedModel[]): AgentModel[] {
  const own = models.map(({ types, features, ...model }): AgentModel => ({
    ...model,
    types: [...types],
    ...(features && { features: [...features] }),
    engine: engineName,
  }));
  const [first] = own;
  if (!first) return own;
  const taken = new Set(own.map((model) => model.name));
  const mapped = mappedModels.flatMap(({ name, types }): AgentModel[] => {
    const offered = first.types.filter((type) => types === null || types.includes(type));
    if (taken.has(name) || offered.length === 0) return [];
    taken.add(name);
    return [{ ...first, name, types: offered, servedAs: first.servedAs ?? first.name }];
  });
  return [...own, ...mapped];
}

/** What several engines offer together: each type of a model once, by the first that has it. */
export function mergedModels(offers: readonly (readonly AgentModel[])[]): AgentModel[] {
  const offered = new Map<string, Set<TaskType>>();
  return offers.flat().flatMap((model): AgentModel[] => {
    const taken = offered.get(model.name) ?? new Set();
    offered.set(model.name, taken);
    const types = model.types.filter((type) => !taken.has(type));
    for (const type of types) taken.add(type);
    return types.length === 0 ? [] : [{ ...model, types }];
  });
}
