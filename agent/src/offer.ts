/**
 * How many more tasks to ask for. Results that the edge has not acknowledged count once they pile up: they fill
 * the owner's disk, and an edge that takes no results should be given no more.
 */
export function freeSlots(state: { free: number; running: number; unacknowledged: number; isDraining: boolean }): number {
  if (state.isDraining) return 0;
  return Math.max(0, Math.min(state.free, MAX_UNACKNOWLEDGED - state.unacknowledged - state.running));
}

const MAX_UNACKNOWLEDGED = 100;

/** The id becomes a folder's name. */
const FOLDER_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Why an offer cannot be taken whatever it asks for, or null when it can. */
export function reasonToReject(attemptId: string, slots: number): string | null {
  if (slots < 1) return "no free slot";
  if (!FOLDER_NAME.test(attemptId)) return "an attempt id has letters, digits, _ and - only";
  return null;
}
