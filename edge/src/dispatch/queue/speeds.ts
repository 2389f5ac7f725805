import type { DispatchStore } from "./store.ts";
import type { TaskToQueue } from "./types.ts";

/** Before anything was measured or said: about ten seconds for a 1024×1024 picture of 30 steps. */
const UNKNOWN_MS_PER_MEGA_WORK = 320;
/** How far a time may be off before it was measured: half of it either way. */
const UNKNOWN_SPREAD = 0.5;
/** How much of a new measurement is believed: old ones fade in a handful of tasks. */
const NEW_SHARE = 0.3;

type Kind = Pick<TaskToQueue, "type" | "model">;

const speedKey = ({ type, model }: Kind): string => `${type}|${model}`;
const spreadKey = (kind: Kind): string => `spread|${speedKey(kind)}`;
const loadKey = (model: string): string => `load|${model}`;

/** Milliseconds per million units of work: measured, else as an agent measured it of itself, else a guess. */
export function speedOf(store: DispatchStore, kind: Kind): number {
  return store.getSpeed(speedKey(kind)) ?? saidBy(store, kind) ?? UNKNOWN_MS_PER_MEGA_WORK;
}

function saidBy(store: DispatchStore, { type, model }: Kind): number | null {
  for (const { models } of store.agents.profilesOffering(type, model)) {
    const rate = models.find((offered) => offered.name === model)?.megaWorkPerSecond?.[type];
    if (rate !== undefined) return 1000 / rate;
  }
  return null;
}

/** Expected running time of a task, from what its kind took lately. */
export const expectedMs = (store: DispatchStore, task: Kind & Pick<TaskToQueue, "work">): number =>
  (speedOf(store, task) * task.work) / 1e6;

/** By how much of itself an expected time is usually off. */
export const spreadOf = (store: DispatchStore, kind: Kind): number => Math.min(0.9, store.getSpeed(spreadKey(kind)) ?? UNKNOWN_SPREAD);

/** How long agents take to load that model; 0 before it was seen. */
export const loadMsOf = (store: DispatchStore, model: string): number => store.getSpeed(loadKey(model)) ?? 0;

function learn(store: DispatchStore, key: string, measured: number): void {
  const before = store.getSpeed(key);
  store.putSpeed(key, before === null ? measured : before + NEW_SHARE * (measured - before));
}

/** Learns from a task that took so long; a clock that was set back teaches nothing. */
export function learnSpeed(store: DispatchStore, task: Kind & Pick<TaskToQueue, "work">, tookMs: number): void {
  if (tookMs <= 0) return;
  const known = store.getSpeed(speedKey(task));
  const measured = (tookMs * 1e6) / task.work;
  if (known !== null && known > 0) learn(store, spreadKey(task), Math.min(1, Math.abs(measured / known - 1)));
  learn(store, speedKey(task), measured);
}

/** Learns how long a model took to load on an agent that did not have it. */
export function learnLoad(store: DispatchStore, model: string, tookMs: number): void {
  if (tookMs > 0) learn(store, loadKey(model), tookMs);
}
