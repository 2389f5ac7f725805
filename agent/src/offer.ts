import type { AgentModel, OfferMessage } from "@star-graph/shared/agent-protocol";
import { modelOf, workOf } from "@star-graph/shared/work";
import type { MappedModel } from "./config.ts";
import type { EngineModel } from "./engines/engine.ts";

/** An engine's own models, and its first one again under each mapped name of the API, for the types that both can do. */
export function offeredModels(engineName: string, models: readonly EngineModel[], mappedModels: readonly MappedModel[]): AgentModel[] {
  const own = models.map((model): AgentModel => ({ ...model, engine: engineName }));
  const [first] = own;
  if (!first) return own;
  const taken = new Set(own.map((model) => model.name));
  const mapped = mappedModels.flatMap(({ name, types }): AgentModel[] => {
    const offered = first.types.filter((type) => types === null || types.includes(type));
    if (taken.has(name) || offered.length === 0) return [];
    taken.add(name);
    return [{ ...first, name, types: offered, servedAs: first.name }];
  });
  return [...own, ...mapped];
}

/**
 * How many more tasks to ask for. Results that the edge has not acknowledged count once they pile up: they fill
 * the owner's disk, and an edge that takes no results should be given no more.
 */
export function freeSlots(state: { slots: number; running: number; unacknowledged: number; isDraining: boolean }): number {
  if (state.isDraining) return 0;
  return Math.max(0, Math.min(state.slots - state.running, MAX_UNACKNOWLEDGED - state.unacknowledged - state.running));
}

const MAX_UNACKNOWLEDGED = 100;

/** The id becomes a folder's name. */
const FOLDER_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Why this offer cannot be taken, or null when it can. */
export function reasonToReject(offer: OfferMessage, state: { freeSlots: number; models: readonly AgentModel[] }): string | null {
  const { type } = offer.task;
  const wanted = modelOf(offer.task);
  const model = state.models.find(({ name, types }) => name === wanted && types.includes(type));
  if (!model) return `this agent does not offer ${wanted} for ${type}`;
  const { pixels } = workOf(offer.task);
  if (model.maxPixels !== undefined && pixels > model.maxPixels) return `${pixels} pixels are more than ${model.maxPixels}`;
  if (state.freeSlots < 1) return "no free slot";
  if (!FOLDER_NAME.test(offer.attemptId)) return "an attempt id has letters, digits, _ and - only";
  return null;
}
