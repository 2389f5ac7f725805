import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { memoryAsSold } from "@star-graph/shared/gpu-memory";
import type { EngineModel } from "./engine.ts";
import type { MappedModel } from "./settings.ts";

export interface OfferingEngine {
  name: string;
  models: readonly EngineModel[];
  mappedModels: readonly MappedModel[];
  /** Of its GPU, where its owner says it. */
  gpuMemoryBytes?: number | undefined;
}

/**
 * An engine's own models, and its first one again under each mapped name of the API, for the types that both can do. Of those nothing
 * is said about memory: what the name needs is another model's need.
 */
export function offeredModels({ name: engine, models, mappedModels, gpuMemoryBytes }: OfferingEngine): AgentModel[] {
  const own = models.map(({ types, features, memoryBytes: seenBytes, ...model }): AgentModel => {
    const memoryBytes = gpuMemoryBytes ?? seenBytes;
    return {
      ...model,
      types: [...types],
      ...(features && { features: [...features] }),
      ...(memoryBytes !== undefined && { memoryBytes: memoryAsSold(memoryBytes) }),
      engine,
    };
  });
  const [first] = own;
  if (!first) return own;
  const taken = new Set(own.map((model) => model.name));
  const mapped = mappedModels.flatMap(({ name, types }): AgentModel[] => {
    const offered = first.types.filter((type) => types === null || types.includes(type));
    if (taken.has(name) || offered.length === 0) return [];
    taken.add(name);
    const { memoryBytes: _, ...stand } = first;
    return [{ ...stand, name, types: offered, servedAs: first.servedAs ?? first.name }];
  });
  return [...own, ...mapped];
}

/** What several engines offer together: what they offer alike once, with the numbers of all of them. */
export function mergedModels(offers: readonly (readonly AgentModel[])[]): AgentModel[] {
  if (offers.length === 1) return [...(offers[0] ?? [])];
  const engines = new Map<string, number[]>();
  for (const [number, models] of offers.entries()) {
    for (const model of models) {
      const key = JSON.stringify(model);
      engines.set(key, [...(engines.get(key) ?? []), number]);
    }
  }
  return [...engines].map(([key, numbers]) => ({ ...(JSON.parse(key) as AgentModel), engines: numbers }));
}
