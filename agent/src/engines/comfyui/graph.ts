import { z } from "zod";
import type { NodeClasses } from "./object-info.ts";

/** `[node id, output]` */
export type Link = readonly [string, number];
export const isLink = (value: unknown): value is Link =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";

export const Graph = z.record(z.string(), z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.unknown()) }));
/** What ComfyUI calls a workflow in API format. */
export type Graph = z.infer<typeof Graph>;

/** A graph with the places of what it makes. */
export interface Plan {
  graph: Graph;
  /** Nodes whose files are the task's results, in order. */
  results: readonly string[];
  /** The node that saves a frame of the video, for its thumbnail. */
  thumbnail?: string;
  /** Places (`6.text`) of the task's values, where the rest of the graph is the owner's. */
  filledIn?: ReadonlySet<string>;
  /** What whoever ordered it should know. */
  notes: readonly string[];
}

/** Builds a graph node by node; ids count from 1. */
export class GraphBuilder {
  readonly graph: Graph = {};
  readonly #classes: NodeClasses;
  #count = 0;

  constructor(classes: NodeClasses) {
    this.#classes = classes;
  }

  /** Whether the server knows this class of node. */
  has(className: string): boolean {
    return this.#classes.has(className);
  }

  /** Adds a node; what its class requires and is not given gets the class's default. Returns its id. */
  add(className: string, inputs: Record<string, unknown>): string {
    const id = String(++this.#count);
    const filled: Record<string, unknown> = {};
    for (const [name, input] of this.#classes.get(className)?.inputs ?? []) {
      if (input.isRequired && input.default !== undefined) filled[name] = input.default;
    }
    this.graph[id] = { class_type: className, inputs: { ...filled, ...inputs } };
    return id;
  }
}
