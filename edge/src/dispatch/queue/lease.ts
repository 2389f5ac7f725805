/** What to do with a running attempt when its lease falls due. */
export type LeaseVerdict =
  /** The agent gave a sign of life since: trusted until then. */
  | { kind: "renewed"; leaseUntil: number }
  /** Silent, but still allowed to come back. */
  | { kind: "grace"; until: number }
  | { kind: "lost" };

/**
 * An agent that lost its line may still be rendering: after the lease it has the grace period to return and take its
 * attempt up again. Re-queueing earlier would run the task twice.
 * @param lastSeenAt when the agent last gave a sign of life, Unix milliseconds
 */
export function judgeLease(
  leaseUntil: number,
  lastSeenAt: number,
  now: number,
  timings: { leaseMs: number; graceMs: number },
): LeaseVerdict {
  const renewedUntil = lastSeenAt + timings.leaseMs;
  if (renewedUntil > now) return { kind: "renewed", leaseUntil: renewedUntil };
  const graceUntil = Math.max(leaseUntil, renewedUntil) + timings.graceMs;
  return now < graceUntil ? { kind: "grace", until: graceUntil } : { kind: "lost" };
}
