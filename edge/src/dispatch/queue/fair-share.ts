import type { Vip } from "./types.ts";

/*
 * What each user was given lately, in milliseconds of work divided by the user's weight, fading by half every ten minutes:
 * the one with least is next. Kept as a logarithm at a common date, so that fading changes nothing stored and no order.
 */

/** Long against a task, short against a day: who used an idle fleet is not made to wait long when others come. */
const HALF_LIFE_MS = 10 * 60_000;

/** How much more than an ordinary user's: level 1 twice, 2 three times, 3 four times as much (docs/dispatch.md). */
export function weightOf(vip: Vip | null, now: number): number {
  return vip && (vip.until === null || now < vip.until) ? 1 + vip.level : 1;
}

const fadedTo = (now: number): number => now / HALF_LIFE_MS;

/** Two amounts added; 0 is none. */
function plus(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b;
  const [large, small] = a > b ? [a, b] : [b, a];
  return large + Math.log2(1 + 2 ** (small - large));
}

/** @returns what the user has used after work of so many milliseconds, and the charge to give back if nothing comes of it. */
export function chargeShare(usage: number, workMs: number, weight: number, now: number): { usage: number; charge: number } {
  const charge = Math.log2(Math.max(1, workMs / weight)) + fadedTo(now);
  return { usage: plus(usage, charge), charge };
}

/** Takes a charge back; what rounding leaves over is nothing. */
export function refundShare(usage: number, charge: number): number {
  if (charge === 0) return usage;
  const rest = 1 - 2 ** (charge - usage);
  return rest < 1e-9 ? 0 : usage + Math.log2(rest);
}

/** The amount in milliseconds of work, as it counts now. */
export const usageMs = (usage: number, now: number): number => (usage === 0 ? 0 : 2 ** (usage - fadedTo(now)));

/** Usage below this has faded to nothing. */
export const forgottenUsage = (now: number): number => fadedTo(now);
