import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { formatMemory } from "@star-graph/shared/gpu-memory";
import { type ModelNeeds, type Shortfall, shortfallOf } from "@star-graph/shared/model-fit";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { modelOf, workOf } from "@star-graph/shared/work";
import type { Engine } from "./engine.ts";
import { mergedModels, offeredModels } from "./offered-models.ts";
import type { MappedModel } from "./settings.ts";

export interface OpenEngine {
  engine: Engine;
  slots: number;
  mappedModels: readonly MappedModel[];
  /** Of its GPU, where its owner says it. */
  gpuMemoryBytes?: number;
}

interface Place extends OpenEngine {
  running: number;
}

/** An engine for a task. */
interface Candidate {
  place: Place;
  model: AgentModel;
  /** Models that it offers. */
  versatility: number;
}

export type Claim = { kind: "claimed"; engine: Engine; model: string; release: () => void } | { kind: "refused"; reason: string };

/** The protocol's limit on what one agent offers. */
const MAX_MODELS = 500;

/** The engines of one agent, each with its slots. A task goes to one that can run it, rather to one that has its model in memory. */
export class EngineSet {
  readonly #places: readonly Place[];

  constructor(engines: readonly OpenEngine[]) {
    this.#places = engines.map((engine) => ({ ...engine, running: 0 }));
  }

  get engines(): readonly Engine[] {
    return this.#places.map(({ engine }) => engine);
  }

  /** What can be offered now, engine by engine in the owner's order. */
  models(): AgentModel[] {
    return mergedModels(this.#places.map(modelsOf)).slice(0, MAX_MODELS);
  }

  /** Slots of the engines that can run something. */
  get slots(): number {
    return this.#able().reduce((sum, { slots }) => sum + slots, 0);
  }

  get freeSlots(): number {
    return this.#able().reduce((sum, { slots, running }) => sum + slots - running, 0);
  }

  /** A task holds one of the slots. */
  get isWorking(): boolean {
    return this.#places.some(({ running }) => running > 0);
  }

  /** Free slots of each engine, by the numbers that models are offered with; null where there is one engine. */
  get freeByEngine(): number[] | null {
    if (this.#places.length === 1) return null;
    return this.#places.map((place) => (place.engine.models().length > 0 ? place.slots - place.running : 0));
  }

  /** Names of the API whose tasks need no load. */
  residentModels(): string[] {
    const names = this.#places.flatMap((place) => {
      const resident = new Set(place.engine.residentModels());
      return modelsOf(place).filter((model) => resident.has(model.name) || (model.servedAs !== undefined && resident.has(model.servedAs)));
    });
    return [...new Set(names.map(({ name }) => name))].slice(0, 100);
  }

  /** Brings `models()` up to date. */
  async look(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.look()));
  }

  onChange(listener: () => void): void {
    for (const { engine } of this.#places) engine.onChange(listener);
  }

  /** Takes a slot for a task, until `release`. @param memoryBytes of a GPU, that its model needs */
  claim(task: EngineTask, memoryBytes?: number): Claim {
    const needs: ModelNeeds = { type: task.type, model: modelOf(task), ...workOf(task), memoryBytes };
    const offers = this.#places.flatMap((place) => {
      const models = modelsOf(place);
      return models.map((model) => ({ place, model, versatility: models.length, lacks: shortfallOf(model, needs) }));
    });
    const able = offers.filter(({ lacks }) => lacks === null);
    const chosen = able.filter(({ place }) => place.running < place.slots).toSorted(inOrderOfChoice)[0];
    if (!chosen) return refused(able.length > 0 ? "no free slot" : reasonOf(offers, needs));
    const { place } = chosen;
    place.running++;
    let isHeld = true;
    const release = () => {
      if (isHeld) place.running--;
      isHeld = false;
    };
    return { kind: "claimed", engine: place.engine, model: ownNameOf(chosen.model.name, place.engine), release };
  }

  async freeMemory(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.freeMemory()));
  }

  async close(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.close()));
  }

  #able(): Place[] {
    return this.#places.filter(({ engine }) => engine.models().length > 0);
  }
}

const modelsOf = ({ engine, mappedModels, gpuMemoryBytes }: Place): AgentModel[] =>
  offeredModels({ name: engine.name, models: engine.models(), mappedModels, gpuMemoryBytes });

/** A mapped name stands for the engine's first model. */
function ownNameOf(name: string, engine: Engine): string {
  const models = engine.models();
  return models.some((model) => model.name === name) ? name : (models[0]?.name ?? name);
}

const refused = (reason: string): Claim => ({ kind: "refused", reason });

/** Of equals the one that can do less: the other one stays free for what only it can. */
const inOrderOfChoice = (a: Candidate, b: Candidate): number => costOf(a) - costOf(b) || a.versatility - b.versatility;

/** A load costs more than company on the same engine. */
function costOf({ place, model }: Candidate): number {
  const resident = place.engine.residentModels();
  const isResident = resident.includes(model.name) || (model.servedAs !== undefined && resident.includes(model.servedAs));
  return (isResident ? 0 : 1) + place.running / place.slots;
}

/** Why none of these can run it: what the one lacks that comes nearest. */
function reasonOf(offers: readonly { model: AgentModel; lacks: Shortfall | null }[], needs: ModelNeeds): string {
  const { model: name, type, pixels, frames, features, memoryBytes = 0 } = needs;
  const [nearest] = offers.filter(({ lacks }) => lacks !== "model" && lacks !== "type");
  switch (nearest?.lacks) {
    case "pixels":
      return `${pixels} pixels are more than ${nearest.model.maxPixels}`;
    case "frames":
      return `${frames} frames are more than ${nearest.model.maxFrames}`;
    case "features":
      return `${name} lacks one of ${features.join(", ")} here`;
    case "memory":
      return `${name} needs ${formatMemory(memoryBytes)} of GPU memory, here it has ${formatMemory(nearest.model.memoryBytes ?? 0)}`;
    case "model":
    case "type":
    case null:
    case undefined:
      return `this agent does not offer ${name} for ${type}`;
  }
}
