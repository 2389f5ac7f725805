import type { EngineProgress } from "../engine.ts";
import type { JobEvent } from "./events.ts";
import type { Graph } from "./graph.ts";

/*
 * ComfyUI counts within one node and begins again at each; loads, text encoding and video encoding count nothing. So nodes are
 * sorted into what comes before the sampling, the sampling, and what comes after, and samplers are weighed by what a step costs.
 */

/** Nodes that count their steps, with how many to expect while they have not begun. */
const COUNTING: Readonly<Record<string, number>> = {
  KSampler: 20,
  KSamplerAdvanced: 20,
  SamplerCustom: 20,
  SamplerCustomAdvanced: 20,
  ImageUpscaleWithModel: 10,
};

interface Counting {
  /** Steps as planned; the server's own count is scaled to them. */
  steps: number;
  /** What one step costs beside others': frames. */
  weight: number;
}

export interface JobProgress {
  counting: ReadonlyMap<string, Counting>;
  nodes: number;
  done: ReadonlySet<string>;
  /** Part of each counting node that is done, 0 to 1; never less than it was. */
  parts: ReadonlyMap<string, number>;
  current: string | null;
  /** How far it ever was: a node that starts over (tiles made smaller for want of memory) takes nothing back. */
  newest: Step;
}

type Step = Pick<EngineProgress, "phase" | "step" | "totalSteps">;

export function progressOfGraph(graph: Graph): JobProgress {
  const counting = new Map<string, Counting>();
  for (const [id, { class_type: className, inputs }] of Object.entries(graph)) {
    const usual = COUNTING[className];
    if (usual === undefined) continue;
    counting.set(id, { steps: wholeNumber(inputs["steps"]) ?? stepsOfSigmas(graph, id) ?? usual, weight: framesBefore(graph, id) });
  }
  const newest: Step = { phase: "loading", step: 0, totalSteps: 1 };
  return { counting, nodes: Object.keys(graph).length, done: new Set(), parts: new Map(), current: null, newest };
}

const wholeNumber = (value: unknown): number | null => (typeof value === "number" && value >= 1 ? Math.floor(value) : null);

/** Where a scheduler node makes the steps. */
function stepsOfSigmas(graph: Graph, id: string): number | null {
  const link = graph[id]?.inputs["sigmas"];
  return Array.isArray(link) ? wholeNumber(graph[String(link[0])]?.inputs["steps"]) : null;
}

/** Frames or pictures that a sampler works on at once: those of the node that makes its latent. */
function framesBefore(graph: Graph, id: string): number {
  const link = graph[id]?.inputs["latent_image"];
  const source = Array.isArray(link) ? graph[String(link[0])]?.inputs : undefined;
  return wholeNumber(source?.["video_frames"]) ?? wholeNumber(source?.["length"]) ?? wholeNumber(source?.["batch_size"]) ?? 1;
}

/** What an event changes. `report` is null when it says nothing new. */
export function advance(state: JobProgress, event: JobEvent): { state: JobProgress; report: Step | null } {
  const moved = move(state, event);
  if (!moved) return { state, report: null };
  const next = stepOf(moved);
  if (!isAhead(next, state.newest)) return { state: { ...moved, newest: state.newest }, report: null };
  return { state: { ...moved, newest: next }, report: next };
}

function move(state: JobProgress, event: JobEvent): JobProgress | null {
  switch (event.kind) {
    case "cached":
      return finish(state, event.nodes, null);
    case "executing":
      // The node before it is done; null ends the last one.
      return finish(state, state.current === null ? [] : [state.current], event.node);
    case "progress": {
      const part = event.max > 0 ? Math.min(1, event.value / event.max) : 0;
      const parts = new Map(state.parts).set(event.node, Math.max(part, state.parts.get(event.node) ?? 0));
      // A node that nobody foresaw counts its steps: one of the owner's own workflow.
      const isForeseen = state.counting.has(event.node) || state.counting.size > 0;
      const counting = isForeseen ? state.counting : new Map([[event.node, { steps: wholeNumber(event.max) ?? 1, weight: 1 }]]);
      return { ...state, counting, parts, current: event.node };
    }
    case "started":
    case "executed":
    case "succeeded":
    case "failed":
    case "interrupted":
      return null;
  }
}

function finish(state: JobProgress, nodes: readonly string[], current: string | null): JobProgress {
  const parts = new Map(state.parts);
  for (const node of nodes) if (state.counting.has(node)) parts.set(node, 1);
  return { ...state, done: new Set([...state.done, ...nodes]), parts, current };
}

function stepOf({ counting, nodes, done, parts, current }: JobProgress): Step {
  const costs = [...counting].map(([id, { steps, weight }]) => ({ total: steps * weight, done: (parts.get(id) ?? 0) * steps * weight }));
  const total = costs.reduce((sum, cost) => sum + cost.total, 0);
  const finished = costs.reduce((sum, cost) => sum + cost.done, 0);
  // Whoever ordered so many steps sees them counted: those of the sampler that costs most, whatever else there is.
  const ordered = [...counting.values()].toSorted((a, b) => b.steps * b.weight - a.steps * a.weight)[0]?.steps ?? 1;
  const others = Math.max(1, nodes - counting.size);
  const othersDone = [...done].filter((id) => !counting.has(id)).length;
  if (total > 0 && finished >= total) return { phase: "encoding", step: Math.min(others, othersDone), totalSteps: others };
  const isSampling = finished > 0 || (current !== null && counting.has(current));
  if (isSampling) return { phase: "sampling", step: Math.floor((finished / total) * ordered + ROUNDING), totalSteps: ordered };
  return { phase: "loading", step: Math.min(others, othersDone), totalSteps: others };
}

/** A third of three steps is one, and not a little less. */
const ROUNDING = 1e-9;

const ORDER = ["loading", "sampling", "encoding"] as const;

function isAhead(next: Step, before: Step): boolean {
  const phases = ORDER.indexOf(next.phase) - ORDER.indexOf(before.phase);
  return phases === 0 ? next.step * before.totalSteps > before.step * next.totalSteps : phases > 0;
}
