import fs from "node:fs";
import path from "node:path";
import { RATE_LIMITS } from "@star-graph/shared/defaults";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const Environment = z.object({
  vars: z.object({
    RATE_LIMITS: z.enum(["standard", "generous"]),
    REGISTRATION: z.string(),
    ALLOWED_ORIGINS: z.string(),
    TRUST_CONNECTING_IP: z.string(),
  }),
  ratelimits: z.array(z.object({ name: z.string(), namespace_id: z.string(), simple: z.object({ limit: z.int(), period: z.int() }) })),
});
const Configuration = Environment.extend({ env: z.record(z.string(), Environment) });

const file = path.resolve(import.meta.dirname, "../../../wrangler.toml");
const { env, ...local } = Configuration.parse(parse(fs.readFileSync(file, "utf8")));
const environments = { local, ...env };

describe("wrangler.toml", () => {
  test.each(Object.keys(environments))("counts in %s what shared/src/defaults.ts says, and what the answers tell", (name) => {
    const { vars, ratelimits } = environments[name as keyof typeof environments];
    const { address, signIn, read, write } = RATE_LIMITS[vars.RATE_LIMITS];
    const expected = { ADDRESS_LIMIT: address, SIGN_IN_LIMIT: signIn, READ_LIMIT: read, WRITE_LIMIT: write };
    const counted = ratelimits.map((limit) => [limit.name, { requests: limit.simple.limit, windowSeconds: limit.simple.period }]);
    expect(Object.fromEntries(counted)).toEqual(expected);
  });

  test("never counts two limits together", () => {
    const ids = Object.values(environments).flatMap(({ ratelimits }) => ratelimits.map((limit) => limit.namespace_id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("opens registration, all origins and generous limits on one's own machine only, and trusts the platform's address elsewhere", () => {
    const open = { RATE_LIMITS: "generous", REGISTRATION: "on", ALLOWED_ORIGINS: "*", TRUST_CONNECTING_IP: "off" };
    const closed = { RATE_LIMITS: "standard", REGISTRATION: "off", ALLOWED_ORIGINS: "", TRUST_CONNECTING_IP: "on" };
    expect(Object.fromEntries(Object.entries(environments).map(([name, { vars }]) => [name, vars]))).toEqual({
      local: open,
      dev: closed,
      test: closed,
      production: closed,
    });
  });
});
