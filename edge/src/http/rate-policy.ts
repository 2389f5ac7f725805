import type { Rate, WindowLimit } from "@star-graph/shared/defaults";

/*
 * The header fields of the IETF draft "RateLimit header fields for HTTP". `RateLimit` says what is left, so only what is
 * counted exactly has one; the platform's own counters have a policy alone.
 */

/** How far a caller is with an exact limit. */
export interface Quota {
  rate: Rate;
  remaining: number;
  /** Milliseconds until everything is there again. */
  resetMs: number;
}

export function windowPolicy(name: string, { requests, windowSeconds }: WindowLimit): string {
  return `"${name}";q=${requests};w=${windowSeconds}`;
}

export function quotaPolicy(name: string, { capacity, refillMs }: Rate): string {
  return `"${name}";q=${capacity};w=${Math.ceil((capacity * refillMs) / 1000)}`;
}

export function quotaState(name: string, { remaining, resetMs }: Quota): string {
  return `"${name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`;
}
