import { createHash } from "node:crypto";
import type { Rate, RateLimits } from "@star-graph/shared/defaults";
import { addressBlock } from "../http/client-address.ts";
import { waitMs } from "../http/token-bucket.ts";

/** A bucket that one try takes from. The key says nothing to who reads it: people type passwords into the name field. */
export interface Bucket {
  key: string;
  rate: Rate;
}

const keyOf = (...parts: string[]): string => createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);

export interface LoginTry {
  username: string;
  /** As `clientAddress` has it. */
  address: string;
  /** This account has signed in from this address before. */
  isKnownAddress: boolean;
  /** The device, where the account has signed in on it before and it says so. */
  deviceId: string | null;
}

type LoginRates = Pick<RateLimits, "loginOfAccountAtAddress" | "loginAtAddress" | "loginInBlock" | "loginOfAccount">;

/**
 * What a login has to pass. Who tries somebody's account from elsewhere empties only their own buckets; the one of the whole
 * account is there for guesses from very many addresses, and neither it nor what others do at the same address counts where the
 * account has signed in before. A device that is known has a bucket that nobody else can reach, whoever shares its address. So
 * nobody can lock the owner out, and each way in is a bucket of its own size for who guesses.
 */
export function loginBuckets(rates: LoginRates, { username, address, isKnownAddress, deviceId }: LoginTry): Bucket[] {
  const account = username.toLowerCase();
  if (deviceId !== null) return [{ key: keyOf("login-device", account, deviceId), rate: rates.loginOfAccountAtAddress }];
  const own = { key: keyOf("login", account, address), rate: rates.loginOfAccountAtAddress };
  if (isKnownAddress) return [own];
  const block = addressBlock(address);
  return [
    own,
    { key: keyOf("login-address", address), rate: rates.loginAtAddress },
    ...(block === null ? [] : [{ key: keyOf("login-block", block), rate: rates.loginInBlock }]),
    { key: keyOf("login-account", account), rate: rates.loginOfAccount },
  ];
}

/** Somebody who holds a session may not find the password by trying, whatever address they show. */
export function passwordBuckets(rates: LoginRates, userId: number): Bucket[] {
  return [{ key: keyOf("password", String(userId)), rate: rates.loginOfAccountAtAddress }];
}

export function registerBuckets(rates: Pick<RateLimits, "register" | "registerInBlock">, address: string): Bucket[] {
  const block = addressBlock(address);
  return [
    { key: keyOf("register", address), rate: rates.register },
    ...(block === null ? [] : [{ key: keyOf("register-block", block), rate: rates.registerInBlock }]),
  ];
}

/** Seconds until all buckets have one try again; 0 when they have one now. */
export function retryAfterSeconds(buckets: readonly Bucket[], fullAt: ReadonlyMap<string, number>, now: number): number {
  return Math.ceil(Math.max(0, ...buckets.map(({ key, rate }) => waitMs(rate, fullAt.get(key) ?? null, now))) / 1000);
}
