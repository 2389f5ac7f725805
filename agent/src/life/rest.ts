import type { RestRules } from "../config/agent-config.ts";
import { formatBytes, isWithin } from "../config/units.ts";

/** How the box is now; null where it does not say. */
export interface Vitals {
  freeDiskBytes: number | null;
  /** A file could not be written though there seems to be room: a quota, a limit, a disk gone read-only. */
  isDiskRefusing: boolean;
  freeMemoryBytes: number | null;
  /** Of the hottest GPU. */
  temperatureCelsius: number | null;
  /** What somebody other than this agent is using. */
  usedByOthers: "GPU" | "keyboard" | null;
  /** Why no engine can run anything, in its own words. */
  engineTrouble: string | null;
}

export interface RestState {
  /** Null while not paused, Infinity until it is resumed. */
  pausedUntilMs: number | null;
  isHot: boolean;
  lastUse: { what: "GPU" | "keyboard"; atMs: number } | null;
  /** When an engine lost the GPU, by the steady clock, unless a task has ended well or an engine was started again since. */
  gpuLostAtMs: number | null;
}

/** Pauses and hours of the day go by the owner's clock. How long something lasts does not: that clock may be set. */
export interface Now {
  unixMs: number;
  /** Of a clock that only goes forward. */
  steadyMs: number;
  /** By the clock of the box. */
  minuteOfDay: number;
}

export function nowOf(date: Date, steadyMs: number): Now {
  return { unixMs: date.getTime(), steadyMs, minuteOfDay: date.getHours() * 60 + date.getMinutes() };
}

export const AT_EASE: RestState = { pausedUntilMs: null, isHot: false, lastUse: null, gpuLostAtMs: null };

/** A GPU that got too hot works again once it is this much cooler, so that it does not start and stop all the time. */
const COOLER_BY = 10;

/** What a look at the box changes. */
export function observe(state: RestState, rules: RestRules, vitals: Vitals, { unixMs, steadyMs }: Now): RestState {
  const { temperatureCelsius, usedByOthers } = vitals;
  const limit = state.isHot ? rules.maxTemperatureCelsius - COOLER_BY : rules.maxTemperatureCelsius;
  return {
    pausedUntilMs: state.pausedUntilMs !== null && state.pausedUntilMs > unixMs ? state.pausedUntilMs : null,
    isHot: temperatureCelsius !== null && temperatureCelsius >= limit,
    lastUse: usedByOthers ? { what: usedByOthers, atMs: steadyMs } : state.lastUse,
    gpuLostAtMs: vitals.engineTrouble === null ? state.gpuLostAtMs : null,
  };
}

/** Its server is not ours to restart. So much later, one task shows whether its owner has. */
const REST_WITHOUT_GPU_MS = 2 * 60_000;

/** What the end of a task changes. Who ordered what makes tasks fail is the edge's to judge: it sees other boxes, too. */
export function observeEnd(state: RestState, hasLostGpu: boolean, steadyMs: number): RestState {
  return { ...state, gpuLostAtMs: hasLostGpu ? steadyMs : null };
}

/**
 * Why to ask for nothing, in words for the owner; null to work. The words stay the same while the reason does, because
 * each change is told to the edge.
 */
export function reasonToRest(rules: RestRules, state: RestState, vitals: Vitals, { steadyMs, minuteOfDay }: Now): string | null {
  if (state.pausedUntilMs !== null) return pausedWords(state.pausedUntilMs);
  if (rules.hours.length > 0 && !isWithin(rules.hours, minuteOfDay)) return "outside the hours its owner set";
  if (vitals.freeDiskBytes !== null && vitals.freeDiskBytes < rules.minFreeDiskBytes) {
    return `less than ${formatBytes(rules.minFreeDiskBytes)} of disk is free`;
  }
  if (vitals.isDiskRefusing) return "its disk takes no more files";
  if (vitals.freeMemoryBytes !== null && vitals.freeMemoryBytes < rules.minFreeMemoryBytes) {
    return `less than ${formatBytes(rules.minFreeMemoryBytes)} of memory is free`;
  }
  if (state.isHot) return `a GPU is hotter than ${rules.maxTemperatureCelsius} °C`;
  if (vitals.engineTrouble !== null) return vitals.engineTrouble;
  if (state.gpuLostAtMs !== null && steadyMs - state.gpuLostAtMs < REST_WITHOUT_GPU_MS)
    return "its engine has lost the GPU: restart the engine";
  if (rules.isIdleOnly && state.lastUse && steadyMs - state.lastUse.atMs < rules.coolDownMs) {
    return state.lastUse.what === "GPU" ? "somebody else uses the GPU" : "somebody uses this machine";
  }
  return null;
}

function pausedWords(untilMs: number): string {
  return untilMs === Infinity
    ? "paused by its owner"
    : `paused by its owner until ${new Date(untilMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
