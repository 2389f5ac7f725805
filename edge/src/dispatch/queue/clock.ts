/** How long agents, leases and offers are given, in milliseconds. */
export interface QueueTimings {
  pingMs: number;
  leaseMs: number;
  graceMs: number;
  offerMs: number;
}

/** How much may wait and run at a time. */
export interface QueueLimits {
  waiting: number;
  waitingPerUser: number;
  /** A user's further tasks wait, whoever is free. Their own boxes are theirs without limit. */
  runningPerUser: number;
}

/** What a decision may look at besides the store: passed in, so that a test can repeat it exactly. */
export interface QueueClock {
  /** Unix milliseconds. */
  now: number;
  timings: QueueTimings;
  limits: QueueLimits;
  newAttemptId(): string;
}
