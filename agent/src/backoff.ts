export interface BackoffLimits {
  baseMs: number;
  capMs: number;
}

/**
 * Exponential backoff with full jitter: a fleet that lost its edge at the same moment comes back spread out.
 * @param failures how many tries have failed before this wait, not counting the newest.
 * @param random in [0, 1).
 */
export function backoffMs(failures: number, random: number, { baseMs, capMs }: BackoffLimits): number {
  // 2 ** 1024 is Infinity, which min() takes in its stride.
  return Math.floor(random * Math.min(capMs, baseMs * 2 ** failures));
}

const LONGEST_RETRY_AFTER_MS = 5 * 60_000;

/** `Retry-After` in seconds (what the edge sends; the date form is not used) as milliseconds, 0 when absent. */
export function retryAfterMs(header: string | string[] | undefined): number {
  const seconds = typeof header === "string" ? Number(header) : 0;
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : 0;
}
