import { createHash } from "node:crypto";
import type { Rate, RateLimits } from "@star-graph/shared/defaults";
import { waitMs } from "../http/token-bucket.ts";

/** A bucket that one try takes from. The key says nothing to who reads it: people type passwords into the name field. */
export interface Bucket {
  key: string;
  rate: Rate;
}

const keyOf = (...parts: string[]): string => createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);

export interface LoginTry {
  username: string;
  address: string;
  /** This account has signed in from this address before. */
  isKnownAddress: boolean;
}

type LoginRates = Pick<RateLimits, "loginOfAccountAtAddress" | "loginAtAddress" | "loginOfAccount">;

/**
 * What a login has to pass. Who tries somebody's account from elsewhere empties only their own buckets; the one of the whole
 * account is there for guesses from very many addresses, and neither it nor what others do at the same address counts where the
 * account has signed in before. So nobody can lock its owner out.
 */
export function loginBuckets(rates: LoginRates, { username, address, isKnownAddress }: LoginTry): Bucket[] {
  const account = username.toLowerCase();
  const own = { key: keyOf("login", account, address), rate: rates.loginOfAccountAtAddress };
  if (isKnownAddress) return [own];
  return [
    own,
    { key: keyOf("login-address", address), rate: rates.loginAtAddress },
    { key: keyOf("login-account", account), rate: rates.loginOfAccount },
  ];
}

/** Somebody who holds a session may not find the password by trying, whatever address they show. */
export function passwordBuckets(rates: LoginRates, userId: number): Bucket[] {
  return [{ key: keyOf("password", String(userId)), rate: rates.loginOfAccountAtAddress }];
}

export function registerBuckets(rates: Pick<RateLimits, "register">, address: string): Bucket[] {
  return [{ key: keyOf("register", address), rate: rates.register }];
}

/** Seconds until all buckets have one try again; 0 when they have one now. */
export function retryAfterSeconds(buckets: readonly Bucket[], fullAt: ReadonlyMap<string, number>, now: number): number {
  return Math.ceil(Math.max(0, ...buckets.map(({ key, rate }) => waitMs(rate, fullAt.get(key) ?? null, now))) / 1000);
}
