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
  /** Attempts of a task in all: also those that an agent handed back, which count as no failure. */
  maxStarts: 10,
  /** A task that waits longer ends with E008. */
  waitingDeadlineMs: 60 * 60_000,
  /** A running attempt ends with E008 after this, or ten times its estimate if that is longer. */
  runningDeadlineMs: 10 * 60_000,
  /** E007 only when no agent that could run the task was connected this recently. */
  agentSeenMs: 60_000,
  maxResultBytes: 95 * 1024 * 1024,
  maxThumbnailBytes: 512 * 1024,
  /** Results, and input pictures since their last use, are deleted after this. */
  retentionMs: 30 * 24 * 3_600_000,
} as const;

/** Of one pool; an operator sets others by name in wrangler.toml's `QUEUE_LIMITS`. */
export const QUEUE_LIMITS = {
  /** Beyond it, submissions are answered with E003. */
  waiting: 10_000,
  waitingPerUser: 100,
  /** Beyond it, a user's tasks wait, even while somebody is free. */
  runningPerUser: 64,
} as const;

/** A bucket of `capacity` tries of which one comes back every `refillMs`. */
export interface Rate {
  capacity: number;
  refillMs: number;
}

/** A count per window, as the platform's rate-limit binding takes it. */
export interface WindowLimit {
  requests: number;
  windowSeconds: 10 | 60;
}

export interface RateLimits {
  /** Per address, every request to the API; counted by the platform, per location and approximately, like the next three. */
  address: WindowLimit;
  /** Per address, what may be tried without a token: login and registration. */
  signIn: WindowLimit;
  /** Per user, GET. */
  read: WindowLimit;
  /** Per user, everything else. */
  write: WindowLimit;
  /** Per user, tasks submitted; exact. Counted by the pool that is asked first. */
  submit: Rate;
  /** Login failures of one account from one address; exact, like all below. */
  loginOfAccountAtAddress: Rate;
  /** Login failures from one address, whatever the account. Not for accounts that have signed in there before. */
  loginAtAddress: Rate;
  /** The same from one IPv6 /48: one customer of a provider may own all 65,536 addresses (by /64) of it. */
  loginInBlock: Rate;
  /** Login failures of one account from addresses where it never signed in: far more than one address is allowed. */
  loginOfAccount: Rate;
  /** Accounts opened from one address. */
  register: Rate;
  /** The same from one IPv6 /48. */
  registerInBlock: Rate;
}

/** By the name in wrangler.toml's `RATE_LIMITS`; its `ratelimits` carry the same numbers, which a test compares. */
export const RATE_LIMITS = {
  standard: {
    address: { requests: 400, windowSeconds: 10 },
    signIn: { requests: 20, windowSeconds: 10 },
    read: { requests: 200, windowSeconds: 10 },
    write: { requests: 200, windowSeconds: 10 },
    submit: { capacity: 120, refillMs: 1_000 },
    loginOfAccountAtAddress: { capacity: 10, refillMs: 60_000 },
    loginAtAddress: { capacity: 50, refillMs: 10_000 },
    loginInBlock: { capacity: 200, refillMs: 2_500 },
    loginOfAccount: { capacity: 200, refillMs: 10_000 },
    register: { capacity: 10, refillMs: 360_000 },
    registerInBlock: { capacity: 40, refillMs: 90_000 },
  },
  /** For a local start and for tests: nothing that one person's scripts would meet. */
  generous: {
    address: { requests: 100_000, windowSeconds: 10 },
    signIn: { requests: 100_000, windowSeconds: 10 },
    read: { requests: 100_000, windowSeconds: 10 },
    write: { requests: 100_000, windowSeconds: 10 },
    submit: { capacity: 10_000, refillMs: 10 },
    loginOfAccountAtAddress: { capacity: 10, refillMs: 60_000 },
    loginAtAddress: { capacity: 10_000, refillMs: 10 },
    loginInBlock: { capacity: 10_000, refillMs: 10 },
    loginOfAccount: { capacity: 10_000, refillMs: 10 },
    register: { capacity: 10_000, refillMs: 10 },
    registerInBlock: { capacity: 10_000, refillMs: 10 },
  },
} as const satisfies Record<string, RateLimits>;
