/** What a decision may look at besides the store: passed in, so that a test can repeat it exactly. */
export interface QueueClock {
  /** Unix milliseconds. */
  now: number;
  newAttemptId(): string;
}
