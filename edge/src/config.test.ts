import { describe, expect, test } from "vitest";
import { parseConfig } from "./config.ts";

const BINDINGS = {
  TOKEN_SECRET: "only-for-tests-0123456789abcdef0123456789",
  PUBLIC_BASE_URL: "https://api.test",
  PUBLIC_FILES_URL: "",
  REGISTRATION: "on",
  ALLOWED_ORIGINS: "*",
  RATE_LIMITS: "generous",
  FETCH_HOSTS: "",
  MODERATION_URL: "",
  OWNER_SHARE_PERCENT: "0",
  CANCEL_CHARGE_PERCENT: "0",
  SHARDS: "",
  TIMINGS: "",
  QUEUE_LIMITS: "",
  TRUST_CONNECTING_IP: "off",
};
// What it reads of the bindings is text.
const configOf = (over: Partial<typeof BINDINGS>) => parseConfig({ ...BINDINGS, ...over } as unknown as Cloudflare.Env);
const timingsOf = (text: string) => configOf({ TIMINGS: text }).timings;

describe("TIMINGS", () => {
  test("keeps the default of what is left out", () => {
    expect(timingsOf("")).toEqual({ pingMs: 10_000, leaseMs: 30_000, graceMs: 30_000, offerMs: 3_000 });
    expect(timingsOf("grace=5, lease=20.5")).toEqual({ pingMs: 10_000, leaseMs: 20_500, graceMs: 5_000, offerMs: 3_000 });
  });

  test.each(["lease", "lease=", "lease=0", "lease=-1", "lease=1e3", "leases=30", "toString=3", "lease=30s"])(
    "refuses %j by name",
    (text) => {
      expect(() => timingsOf(text)).toThrow(`TIMINGS must be seconds by name (ping, lease, grace, offer), as in "lease=30 grace=30", not`);
    },
  );

  test("refuses a lease that would lapse between two pings", () => {
    expect(() => timingsOf("lease=19")).toThrow("two pings");
    expect(timingsOf("ping=1 lease=2")).toMatchObject({ pingMs: 1_000, leaseMs: 2_000 });
  });
});

describe.each(["OWNER_SHARE_PERCENT", "CANCEL_CHARGE_PERCENT"])("%s", (name) => {
  test("is a whole number of percent", () => {
    expect(configOf({ OWNER_SHARE_PERCENT: "70" })).toMatchObject({ ownerSharePercent: 70, cancelChargePercent: 0 });
    expect(configOf({ CANCEL_CHARGE_PERCENT: "50" })).toMatchObject({ ownerSharePercent: 0, cancelChargePercent: 50 });
  });

  test.each(["", "-1", "101", "7.5", "70%", "1e2"])("refuses %j by name", (text) => {
    expect(() => configOf({ [name]: text })).toThrow(`${name} must be a whole number from 0 to 100`);
  });
});

describe("QUEUE_LIMITS", () => {
  const limitsOf = (text: string) => configOf({ QUEUE_LIMITS: text }).limits;

  test("keeps the default of what is left out", () => {
    expect(limitsOf("")).toEqual({ waiting: 10_000, waitingPerUser: 100, runningPerUser: 64 });
    expect(limitsOf("running-per-user=4 waiting=7")).toEqual({ waiting: 7, waitingPerUser: 100, runningPerUser: 4 });
  });

  test.each(["waiting", "waiting=", "waiting=0", "waiting=-1", "waiting=1.5", "runningPerUser=3", "toString=3"])(
    "refuses %j by name",
    (text) => {
      expect(() => limitsOf(text)).toThrow("QUEUE_LIMITS must be counts by name (waiting, waiting-per-user, running-per-user), as in");
    },
  );
});

describe("SHARDS", () => {
  test("counts by pool, and leaves out those that have one", () => {
    expect([...configOf({ SHARDS: "public=4, owner-1002=2" }).shards]).toEqual([
      ["public", 4],
      ["owner-1002", 2],
    ]);
    expect(configOf({ SHARDS: "" }).shards.size).toBe(0);
  });

  test.each(["public", "public=0", "public=65", "public=2.5", "others=2", "owner-x=2"])("refuses %j by name", (text) => {
    expect(() => configOf({ SHARDS: text })).toThrow('SHARDS must be 1 to 64 by pool, as in "public=4 owner-1002=2", not');
  });
});
