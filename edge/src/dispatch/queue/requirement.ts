import type { Requirement, TaskToQueue } from "./types.ts";

/** Above every limit that an agent has: only agents without one can run it. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** Distinct limits of each kind that make classes; an agent with yet another one serves the classes below it. */
const MAX_LEVELS = 16;

/** Limits that agents have, ascending: sizes between two of them are alike to every agent. */
export interface SizeLevels {
  pixels: readonly number[];
  frames: readonly number[];
}

export const NO_LEVELS: SizeLevels = { pixels: [], frames: [] };

export type Needs = Pick<TaskToQueue, "type" | "model" | "pixels" | "frames" | "features" | "memoryBytes">;

const levelOf = (size: number, levels: readonly number[]): number => levels.find((level) => size <= level) ?? UNLIMITED;

/** The class that a task belongs to. */
export function classOf({ type, model, pixels, frames, features, memoryBytes = 0 }: Needs, levels: SizeLevels): Requirement {
  const sizes = { pixels: levelOf(pixels, levels.pixels), frames: levelOf(frames, levels.frames) };
  return { type, model, ...sizes, features: features.toSorted(), memoryBytes };
}

function withLevel(levels: readonly number[], level: number | undefined): readonly number[] {
  if (level === undefined || levels.includes(level) || levels.length >= MAX_LEVELS) return levels;
  return [...levels, level].toSorted((a, b) => a - b);
}

/** The levels once an agent with these models is known; the same object when it brings no new limit. */
export function withLimitsOf(levels: SizeLevels, models: readonly { maxPixels?: number | undefined; maxFrames?: number | undefined }[]) {
  let { pixels, frames } = levels;
  for (const { maxPixels, maxFrames } of models) {
    pixels = withLevel(pixels, maxPixels);
    frames = withLevel(frames, maxFrames);
  }
  return pixels === levels.pixels && frames === levels.frames ? levels : { pixels, frames };
}

/** A class's name; it can be read back. One that needs no memory is called as before there was any to need. */
export const lineKey = ({ type, model, pixels, frames, features, memoryBytes }: Requirement): string =>
  [type, pixels, memoryBytes === 0 ? frames : `${frames}/${memoryBytes}`, features.join("+"), model].join("|");

/** The class of that name. @throws {TypeError} when it is none. */
export function parseLineKey(key: string): Requirement {
  const [, type, pixels, frames, memory = 0, features = "", model = ""] =
    /^(\w+)\|(\d+)\|(\d+)(?:\/(\d+))?\|([^|]*)\|(.*)$/s.exec(key) ?? [];
  if (type === undefined) throw new TypeError(`no class of tasks: ${key}`);
  return {
    type: type as Requirement["type"],
    model,
    pixels: Number(pixels),
    frames: Number(frames),
    features: features === "" ? [] : features.split("+"),
    memoryBytes: Number(memory),
  };
}
