import type { UnderWay } from "./network.ts";

/** How far a task has come when something dies. */
const PHASES = ["offered", "fetching", "drawing", "uploading", "uploaded", "settled", "cancelling"] as const;
export type Phase = (typeof PHASES)[number];

/** The built-in engine draws in the agent's own process: it dies with it, and not by itself. */
type EngineKind = "command" | "comfyui" | "sdapi";
export type Victim = "edge" | "agent" | "engine";

/** What is held up on its way, so that the task stays in its phase. One that is drawing needs nothing of that: its engine takes a while. */
export const HELD: Readonly<Record<Phase, UnderWay | null>> = {
  offered: "offer",
  fetching: "input",
  drawing: null,
  uploading: "upload",
  uploaded: "completed",
  settled: "ack",
  cancelling: "cancel",
};

/** How a task's attempts end, in order. Only where the last one completed is it charged, once. */
const ONCE = ["COMPLETED"];
const LOST = ["LOST", "COMPLETED"];
const FAILED = ["FAILED", "COMPLETED"];
const CANCELLED = ["CANCELLED"];

/** The promise for each victim and phase. An engine has no part in a task that is offered, or whose files are under way. */
export const ENDS: Readonly<Record<Victim, Readonly<Partial<Record<Phase, readonly string[]>>>>> = {
  agent: { offered: ONCE, fetching: LOST, drawing: LOST, uploading: ONCE, uploaded: ONCE, settled: ONCE, cancelling: CANCELLED },
  edge: { offered: ONCE, fetching: ONCE, drawing: ONCE, uploading: ONCE, uploaded: ONCE, settled: ONCE, cancelling: CANCELLED },
  engine: { drawing: FAILED, uploading: ONCE, uploaded: ONCE, settled: ONCE, cancelling: CANCELLED },
};

export interface Cell {
  victim: Victim;
  engine: EngineKind;
  phase: Phase;
}

/** All phases with one kind of engine; of the others those in which they differ. */
const PHASES_OF: Readonly<Record<EngineKind, readonly Phase[]>> = {
  command: PHASES,
  comfyui: ["drawing", "uploading", "cancelling"],
  sdapi: ["drawing", "cancelling"],
};

export function cellsOf(victim: Victim): Cell[] {
  return (Object.entries(PHASES_OF) as [EngineKind, readonly Phase[]][]).flatMap(([engine, phases]) =>
    phases.filter((phase) => ENDS[victim][phase]).map((phase) => ({ victim, engine, phase })),
  );
}
