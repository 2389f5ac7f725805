const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Pauses after the first, second, … try that failed: growing, a day in all. */
const PAUSES_MS = [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 7 * HOUR, 9 * HOUR + 20 * MINUTE];

/** When the next try is due after so many that failed; null when it is given up. */
export function nextTryAt(failedTries: number, now: number): number | null {
  const pauseMs = PAUSES_MS[failedTries - 1];
  return pauseMs === undefined ? null : now + pauseMs;
}
