import type sharp from "sharp";

export type Sharp = typeof sharp;
let sharpModule: Promise<Sharp | null> | null = null;

/** Native, so it may be absent, or there and not for this machine: null. */
export function loadSharp(): Promise<Sharp | null> {
  sharpModule ??= import("sharp").then(
    (module) => module.default,
    () => null,
  );
  return sharpModule;
}
