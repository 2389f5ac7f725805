import type { Rate } from "@star-graph/shared/defaults";

/*
 * A token bucket as one number: the time at which it will be full again (the generic cell rate algorithm). No row or
 * null is a full bucket, and so is one whose time has passed.
 */

/** Every time in Unix milliseconds. */
export type FullAt = number | null;

/** When the bucket is full again after one more try, or null when it has none left now. */
export function take({ capacity, refillMs }: Rate, fullAt: FullAt, now: number): number | null {
  const next = Math.max(fullAt ?? now, now) + refillMs;
  return next - now <= capacity * refillMs ? next : null;
}

export function remaining({ capacity, refillMs }: Rate, fullAt: FullAt, now: number): number {
  return Math.max(0, Math.floor((capacity * refillMs - Math.max(0, (fullAt ?? now) - now)) / refillMs));
}

/** Milliseconds until there is one again; 0 when there is one now. */
export function waitMs({ capacity, refillMs }: Rate, fullAt: FullAt, now: number): number {
  return Math.max(0, (fullAt ?? now) + refillMs - now - capacity * refillMs);
}
