import type { BackoffLimits } from "./backoff.ts";

/** The agent's own times; those that both ends must agree on come with the edge's welcome. */
export interface AgentTimings {
  reconnect: BackoffLimits;
  upload: BackoffLimits;
  /** How long the picture that a task works on may take to arrive. */
  inputMs: number;
  /** How long the edge may take to answer the upgrade, and then the hello. */
  welcomeMs: number;
  /** How often an end that the edge has not acknowledged is said again. */
  repeatEndMs: number;
  /** After this, an engine that does not let go no longer holds up the stop. */
  stopMs: number;
  /** How often the box is looked at, besides between tasks. */
  lookMs: number;
}

export const AGENT_TIMINGS: AgentTimings = {
  reconnect: { baseMs: 500, capMs: 30_000 },
  upload: { baseMs: 500, capMs: 30_000 },
  // 10 MB, the largest that an edge takes, over half a megabit a second.
  inputMs: 180_000,
  welcomeMs: 10_000,
  repeatEndMs: 10_000,
  stopMs: 1_200,
  lookMs: 15_000,
};
