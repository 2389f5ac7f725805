import { DEFAULTS, QUEUE_LIMITS, RATE_LIMITS, type RateLimits } from "@star-graph/shared/defaults";
import type { QueueLimits, QueueTimings } from "./dispatch/queue/clock.ts";
import type { ShardCounts } from "./dispatch/shards/pools.ts";

/** The Worker's configuration, read from its bindings in this one place. */
export interface Config {
  /** Signs access tokens and upload grants; at least 32 bytes. */
  readonly tokenSecret: string;
  /** Origin of this Worker as clients and agents see it, without a slash at the end. */
  readonly publicBaseUrl: string;
  /** Where result URLs begin: a CDN in front of `/files`, or this Worker. */
  readonly publicFilesUrl: string;
  /** Whether anybody may open an account (decisions, "Auth"). */
  readonly isRegistrationOpen: boolean;
  /** Origins whose pages may call the API; "*" is every one. */
  readonly allowedOrigins: readonly string[];
  readonly rateLimits: RateLimits;
  /** Whether `CF-Connecting-IP` is set in front of the Worker, and not by the client. */
  readonly isConnectingIpTrusted: boolean;
  /** Hosts beyond the public internet that may be fetched from all the same; with their port, where they have one. */
  readonly allowedHosts: readonly string[];
  /** A service that judges prompts and pictures beside the word list; null when there is none. */
  readonly moderationUrl: string | null;
  /** How many shards a pool has, by its name; one where nothing is said. */
  readonly shards: ShardCounts;
  /** Of a completed task's price, what the owner of the agent that completed it earns. */
  readonly ownerSharePercent: number;
  /** Of a task's price, what a cancel after its first step costs. */
  readonly cancelChargePercent: number;
  /** How long agents, leases and offers are given. */
  readonly timings: QueueTimings;
  /** How much may wait and run at a time, in each pool. */
  readonly limits: QueueLimits;
}

const MIN_SECRET_BYTES = 32;

/** @throws {Error} naming the binding that is missing or wrong; the operator reads it, no caller does. */
export function parseConfig(env: Cloudflare.Env): Config {
  if (new TextEncoder().encode(env.TOKEN_SECRET ?? "").length < MIN_SECRET_BYTES) {
    throw new Error(`TOKEN_SECRET must be set to at least ${MIN_SECRET_BYTES} bytes (wrangler secret put TOKEN_SECRET; locally .dev.vars)`);
  }
  if (!Object.hasOwn(RATE_LIMITS, env.RATE_LIMITS)) {
    throw new Error(`RATE_LIMITS must be one of ${Object.keys(RATE_LIMITS).join(", ")}, not "${env.RATE_LIMITS}"`);
  }
  if (env.REGISTRATION !== "on" && env.REGISTRATION !== "off") throw new Error(`REGISTRATION must be on or off, not "${env.REGISTRATION}"`);
  if (env.TRUST_CONNECTING_IP !== "on" && env.TRUST_CONNECTING_IP !== "off") {
    throw new Error(`TRUST_CONNECTING_IP must be on or off, not "${env.TRUST_CONNECTING_IP}"`);
  }
  const publicBaseUrl = origin("PUBLIC_BASE_URL", env.PUBLIC_BASE_URL);
  return {
    tokenSecret: env.TOKEN_SECRET,
    publicBaseUrl,
    publicFilesUrl: env.PUBLIC_FILES_URL ? origin("PUBLIC_FILES_URL", env.PUBLIC_FILES_URL) : publicBaseUrl,
    isRegistrationOpen: env.REGISTRATION === "on",
    allowedOrigins: env.ALLOWED_ORIGINS.split(/[\s,]+/).filter((allowed) => allowed !== ""),
    allowedHosts: env.FETCH_HOSTS.split(/[\s,]+/).filter((host) => host !== ""),
    moderationUrl: env.MODERATION_URL ? origin("MODERATION_URL", env.MODERATION_URL) : null,
    shards: shards(env.SHARDS),
    ownerSharePercent: percent("OWNER_SHARE_PERCENT", env.OWNER_SHARE_PERCENT),
    cancelChargePercent: percent("CANCEL_CHARGE_PERCENT", env.CANCEL_CHARGE_PERCENT),
    timings: timings(env.TIMINGS),
    limits: limits(env.QUEUE_LIMITS),
    rateLimits: RATE_LIMITS[env.RATE_LIMITS as keyof typeof RATE_LIMITS],
    isConnectingIpTrusted: env.TRUST_CONNECTING_IP === "on",
  };
}

const TIMINGS = { ping: "pingMs", lease: "leaseMs", grace: "graceMs", offer: "offerMs" } as const;

/** `ping=10 lease=30`: what is left out keeps its default. */
function timings(text: string): QueueTimings {
  const { pingMs, leaseMs, graceMs, offerMs } = DEFAULTS;
  const found: QueueTimings = { pingMs, leaseMs, graceMs, offerMs };
  for (const entry of text.split(/[\s,]+/).filter((word) => word !== "")) {
    const [, name = "", seconds] = /^(\w+)=(\d+(?:\.\d+)?)$/.exec(entry) ?? [];
    if (!Object.hasOwn(TIMINGS, name) || !(Number(seconds) > 0)) {
      throw new Error(`TIMINGS must be seconds by name (${Object.keys(TIMINGS).join(", ")}), as in "lease=30 grace=30", not "${entry}"`);
    }
    found[TIMINGS[name as keyof typeof TIMINGS]] = Number(seconds) * 1000;
  }
  // An agent that pings in time would otherwise lose its lease between two pings.
  if (found.leaseMs < 2 * found.pingMs) throw new Error("TIMINGS: a lease must last two pings at least");
  return found;
}

/** More would be asked one by one for every look at the pool. */
const MAX_SHARDS = 64;

/** `public=4 owner-1002=2`. */
function shards(text: string): ShardCounts {
  const counts = new Map<string, number>();
  for (const entry of text.split(/[\s,]+/).filter((word) => word !== "")) {
    const [, pool = "", count] = /^(public|owner-\d+)=(\d{1,3})$/.exec(entry) ?? [];
    if (pool === "" || !(Number(count) >= 1 && Number(count) <= MAX_SHARDS)) {
      throw new Error(`SHARDS must be 1 to ${MAX_SHARDS} by pool, as in "public=4 owner-1002=2", not "${entry}"`);
    }
    counts.set(pool, Number(count));
  }
  return counts;
}

function percent(name: string, value: string): number {
  if (!/^\d{1,3}$/.test(value) || Number(value) > 100) throw new Error(`${name} must be a whole number from 0 to 100, not "${value}"`);
  return Number(value);
}

const LIMITS = { waiting: "waiting", "waiting-per-user": "waitingPerUser", "running-per-user": "runningPerUser" } as const;

/** `waiting=10000 running-per-user=4`: what is left out keeps its default. */
function limits(text: string): QueueLimits {
  const found: QueueLimits = { ...QUEUE_LIMITS };
  for (const entry of text.split(/[\s,]+/).filter((word) => word !== "")) {
    const [, name = "", count] = /^([\w-]+)=(\d+)$/.exec(entry) ?? [];
    if (!Object.hasOwn(LIMITS, name) || !(Number(count) > 0)) {
      throw new Error(
        `QUEUE_LIMITS must be counts by name (${Object.keys(LIMITS).join(", ")}), as in "running-per-user=4", not "${entry}"`,
      );
    }
    found[LIMITS[name as keyof typeof LIMITS]] = Number(count);
  }
  return found;
}

function origin(name: string, value: string): string {
  if (!URL.canParse(value)) throw new Error(`${name} must be a URL, not "${value}"`);
  return value.replace(/\/+$/, "");
}
