/** Every time, size and count that the edge and the agents agree on (design, "Agent protocol": defaults in one file). */
export const DEFAULTS = {
  /** An agent says it is alive this often; answered without waking anything. */
  pingMs: 10_000,
  /** An attempt is trusted to its agent this long after the last sign of life. */
  leaseMs: 30_000,
  /** After the lease ran out, the agent may still come back and take it up again. */
  graceMs: 30_000,
  /** An offer not accepted in this time is withdrawn; it was no attempt. */
  offerMs: 3_000,
  /** At most this often per attempt, except for the first and last of a phase. */
  progressMs: 500,
  maxAttempts: 3,
  /** A task that waits longer ends with E008. */
  waitingDeadlineMs: 60 * 60_000,
  /** A running attempt ends with E008 after this, or ten times its estimate if that is longer. */
  runningDeadlineMs: 10 * 60_000,
  queueLimit: 10_000,
  queueLimitPerUser: 100,
  /** E007 only when no agent that could run the task was connected this recently. */
  agentSeenMs: 60_000,
  maxResultBytes: 95 * 1024 * 1024,
  maxThumbnailBytes: 512 * 1024,
  retentionMs: 30 * 24 * 3_600_000,
} as const;
