import type { AgentModel } from "@star-graph/shared/agent-protocol";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { modelOf, workOf } from "@star-graph/shared/work";
import type { Engine } from "./engine.ts";
import { mergedModels, offeredModels } from "./offered-models.ts";
import type { MappedModel } from "./settings.ts";

export interface OpenEngine {
  engine: Engine;
  slots: number;
  mappedModels: readonly MappedModel[];
}

interface Place extends OpenEngine {
  running: number;
}

export type Claim = { kind: "claimed"; engine: Engine; release: () => void } | { kind: "refused"; reason: string };

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

  /** Takes a slot for a task, until `release`. */
  claim(task: EngineTask): Claim {
    const wanted = modelOf(task);
    const { pixels } = workOf(task);
    const able = this.#places.flatMap((place) => {
      const model = modelsOf(place).find(({ name, types }) => name === wanted && types.includes(task.type));
      return model ? [{ place, model }] : [];
    });
    const [first] = able;
    if (!first) return refused(`this agent does not offer ${wanted} for ${task.type}`);
    const large = able.filter(({ model }) => pixels <= (model.maxPixels ?? Infinity));
    if (large.length === 0) return refused(`${pixels} pixels are more than ${first.model.maxPixels}`);
    const free = large.filter(({ place }) => place.running < place.slots);
    const chosen = free.toSorted((a, b) => costOf(a) - costOf(b))[0];
    if (!chosen) return refused("no free slot");
    const { place } = chosen;
    place.running++;
    let isHeld = true;
    const release = () => {
      if (isHeld) place.running--;
      isHeld = false;
    };
    return { kind: "claimed", engine: place.engine, release };
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

const modelsOf = ({ engine, mappedModels }: Place): AgentModel[] => offeredModels(engine.name, engine.models(), mappedModels);
const refused = (reason: string): Claim => ({ kind: "refused", reason });

/** A load costs more than company on the same engine. */
function costOf({ place, model }: { place: Place; model: AgentModel }): number {
  const resident = place.engine.residentModels();
  const isResident = resident.includes(model.name) || (model.servedAs !== undefined && resident.includes(model.servedAs));
  return (isResident ? 0 : 1) + place.running / place.slots;
}
