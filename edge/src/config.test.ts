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
  TIMINGS: "",
  TRUST_CONNECTING_IP: "off",
};
// What it reads of the bindings is text.
const timingsOf = (text: string) => parseConfig({ ...BINDINGS, TIMINGS: text } as unknown as Cloudflare.Env).timings;

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
