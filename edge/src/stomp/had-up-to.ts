import type { SessionState } from "./session-state.ts";

/** By destination: the newest event that every subscription of it has had. */
export type HadUpTo = Record<string, number>;

/** How far a session is with what its hub pushes; null when it has ended. */
export function hadUpTo(state: SessionState): HadUpTo | null {
  if (state.phase === "closed") return null;
  const had: HadUpTo = {};
  for (const { destination, hadUpTo: eventId } of state.phase === "connected" ? state.subscriptions : []) {
    had[destination] = Math.min(had[destination] ?? Infinity, eventId);
  }
  return had;
}
