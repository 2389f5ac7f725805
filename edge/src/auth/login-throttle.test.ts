import { RATE_LIMITS } from "@star-graph/shared/defaults";
import { describe, expect, test } from "vitest";
import { take } from "../http/token-bucket.ts";
import { loginBuckets, retryAfterSeconds } from "./login-throttle.ts";

const RATES = RATE_LIMITS.standard;
const START = Date.UTC(2026, 0, 1);

/** The throttle as it is used, with its buckets in memory. */
class Door {
  readonly fullAt = new Map<string, number>();
  readonly known = new Set<string>();

  /** Seconds to wait, or 0 for a try that was let through. */
  try(username: string, address: string, now: number, isRight = false, deviceId: string | null = null): number {
    const buckets = loginBuckets(RATES, { username, address, isKnownAddress: this.known.has(`${username} ${address}`), deviceId });
    const wait = retryAfterSeconds(buckets, this.fullAt, now);
    if (wait > 0) return wait;
    if (isRight) this.known.add(`${username} ${address}`);
    else for (const { key, rate } of buckets) this.fullAt.set(key, take(rate, this.fullAt.get(key) ?? null, now) ?? NaN);
    return 0;
  }
}

/** Somebody who never stops: once a second, for so long. @returns how many tries were let through. */
function hammer(door: Door, usernames: string[], addresses: string[], from: number, seconds: number): number {
  let through = 0;
  for (let second = 0; second < seconds; second += 1) {
    for (const username of usernames) {
      for (const address of addresses) if (door.try(username, address, from + second * 1000) === 0) through += 1;
    }
  }
  return through;
}

describe("the login throttle", () => {
  test("lets ten failures through, then one a minute, and says how long to wait", () => {
    const door = new Door();
    for (let i = 0; i < 10; i += 1) expect(door.try("alice", "a", START)).toBe(0);
    expect(door.try("alice", "a", START)).toBe(60);
    expect(door.try("ALICE", "a", START + 59_500)).toBe(1);
    expect(door.try("alice", "a", START + 60_000)).toBe(0);
    expect(door.try("alice", "a", START + 60_000)).toBe(60);
  });

  test("lets a stranger who never stops lock nobody out: neither where the owner was before, nor anywhere new", () => {
    const door = new Door();
    door.try("alice", "home", START, true);
    const through = hammer(door, ["alice"], ["stranger"], START, 20_000);
    expect(through).toBeLessThanOrEqual(10 + 334);
    const after = START + 20_000_000;
    expect([door.try("alice", "home", after, true), door.try("alice", "somewhere new", after, true)]).toEqual([0, 0]);
  });

  test("bounds guesses from very many addresses together, and still lets the owner in where they were before", () => {
    const door = new Door();
    door.try("alice", "home", START, true);
    const addresses = Array.from({ length: 200 }, (_, i) => `bot-${i}`);
    const through = hammer(door, ["alice"], addresses, START, 600);
    expect(through).toBeLessThanOrEqual(RATES.loginOfAccount.capacity + 60);
    expect(door.try("alice", "home", START + 600_000, true)).toBe(0);
  });

  test("bounds one address that tries many accounts, and still lets in who was there before", () => {
    const door = new Door();
    door.try("alice", "office", START, true);
    const names = Array.from({ length: 300 }, (_, i) => `user-${i}`);
    const through = hammer(door, names, ["office"], START, 60);
    expect(through).toBeLessThanOrEqual(RATES.loginAtAddress.capacity + 6);
    expect(door.try("bob", "office", START + 59_500)).toBe(1);
    expect(door.try("alice", "office", START + 60_000, true)).toBe(0);
  });

  test("lets nobody at the owner's own address lock them out of a device that they have signed in on", () => {
    const door = new Door();
    door.try("alice", "office", START, true);
    expect(hammer(door, ["alice"], ["office"], START, 600)).toBeLessThanOrEqual(20);
    const after = START + 599_500;
    expect([door.try("alice", "office", after, true), door.try("alice", "office", after, true, "laptop")]).toEqual([1, 0]);
  });

  test("bounds who guesses on such a device, and leaves the account's other ways in open", () => {
    const door = new Door();
    door.try("alice", "office", START, true);
    let through = 0;
    for (let second = 0; second < 600; second += 1) {
      if (door.try("alice", "office", START + second * 1000, false, "laptop") === 0) through += 1;
    }
    expect(through).toBe(RATES.loginOfAccountAtAddress.capacity + 9);
    const after = START + 599_500;
    expect([door.try("alice", "office", after, true), door.try("alice", "office", after, true, "phone")]).toEqual([0, 0]);
  });

  test("counts what comes from one IPv6 block together, as one stranger may own it whole", () => {
    const door = new Door();
    const networks = Array.from({ length: 1000 }, (_, i) => `2001:db8:1:${i.toString(16)}::/64`);
    const names = Array.from({ length: 5 }, (_, i) => `user-${i}`);
    expect(hammer(door, names, networks, START, 10)).toBeLessThanOrEqual(RATES.loginInBlock.capacity + 4);
    expect(door.try("bob", "2001:db8:2:1::/64", START + 10_000)).toBe(0);
  });

  test("keeps names and addresses out of what is stored", () => {
    const keys = loginBuckets(RATES, { username: "alice", address: "203.0.113.9", isKnownAddress: false, deviceId: null }).map(
      ({ key }) => key,
    );
    expect(new Set(keys).size).toBe(3);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });
});
