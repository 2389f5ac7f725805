import type { WindowLimit } from "@star-graph/shared/defaults";
import { AppError } from "@star-graph/shared/errors";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../env.ts";
import { clientAddress } from "./client-address.ts";
import { quotaPolicy, quotaState, windowPolicy } from "./rate-policy.ts";

const BINDINGS = { address: "ADDRESS_LIMIT", signIn: "SIGN_IN_LIMIT", read: "READ_LIMIT", write: "WRITE_LIMIT" } as const;
const NAMES = { address: "address", signIn: "sign-in", read: "read", write: "write" } as const;
type PlatformLimit = keyof typeof BINDINGS;

/**
 * Counts a request with the platform, and notes the policy for the answer.
 * @throws {AppError} `TOO_MANY_REQUESTS` with the length of the window: after that the platform counts anew.
 */
async function count(c: Context<AppEnv>, limit: PlatformLimit, key: string): Promise<void> {
  const rate: WindowLimit = c.var.deps.rateLimits[limit];
  c.set("ratePolicies", [...(c.var.ratePolicies ?? []), windowPolicy(NAMES[limit], rate)]);
  const { success } = await c.env[BINDINGS[limit]].limit({ key });
  if (!success) throw new AppError("TOO_MANY_REQUESTS", { retryAfterSeconds: rate.windowSeconds });
}

/** Reading and writing are counted apart, so that who polls can still submit and cancel. */
export function limitUser(c: Context<AppEnv>, userId: number): Promise<void> {
  const isReading = c.req.method === "GET" || c.req.method === "HEAD";
  return count(c, isReading ? "read" : "write", `user-${userId}`);
}

/** Where nobody but the client sets the header, all share one bucket: it could name a new address each time. */
export const addressOf = (c: Context<AppEnv>): string =>
  clientAddress(c.var.deps.isConnectingIpTrusted ? c.req.header("CF-Connecting-IP") : undefined);

/** Before a body is read or a password hashed. */
export const limitSignIn = createMiddleware<AppEnv>(async (c, next) => {
  await count(c, "signIn", addressOf(c));
  await next();
});

/** Every request to the API. */
export const limitAddress = createMiddleware<AppEnv>(async (c, next) => {
  await count(c, "address", addressOf(c));
  await next();
});

/** Says in the answer, a refusal too, which limits the request was counted in. Stands before all that count. */
export const reportLimits = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  const quota = c.var.deps.submitQuota();
  const policies = [...(c.var.ratePolicies ?? []), ...(quota ? [quotaPolicy("submit", quota.rate)] : [])];
  if (policies.length > 0) c.header("RateLimit-Policy", policies.join(", "));
  if (quota) c.header("RateLimit", quotaState("submit", quota));
});
