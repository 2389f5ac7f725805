import type { Rate } from "@star-graph/shared/defaults";
import type { Quota } from "../../http/rate-policy.ts";
import { type FullAt, remaining, take, waitMs } from "../../http/token-bucket.ts";

/** How far a user is with submitting, for the answer's headers. */
export interface SubmitQuota extends Quota {
  /** Seconds until one more is taken; 0 when one is taken now. */
  retryAfterSeconds: number;
}

export type SubmitVerdict = { fullAt: number; quota: SubmitQuota } | { fullAt: null; quota: SubmitQuota };

/** Counts one submission of a user; `fullAt` null when it is one too many, and nothing is to be stored. */
export function countSubmit(rate: Rate, before: FullAt, now: number): SubmitVerdict {
  const fullAt = take(rate, before, now);
  const state = fullAt ?? before;
  const quota = {
    rate,
    remaining: remaining(rate, state, now),
    resetMs: Math.max(0, (state ?? now) - now),
    retryAfterSeconds: Math.ceil(waitMs(rate, state, now) / 1000),
  };
  return { fullAt, quota };
}
