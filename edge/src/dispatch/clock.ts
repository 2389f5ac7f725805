/** How long agents, leases and offers are given, in milliseconds. */
export interface QueueTimings {
  pingMs: number;
  leaseMs: number;
  graceMs: number;
  offerMs: number;
}

/** What a decision may look at besides the store: passed in, so that a test can repeat it exactly. */
export interface QueueClock {
  /** Unix milliseconds. */
  now: number;
  timings: QueueTimings;
  newAttemptId(): string;
}
