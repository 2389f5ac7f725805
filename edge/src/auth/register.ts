import type { RateLimits } from "@star-graph/shared/defaults";
import { AppError } from "@star-graph/shared/errors";
import type { LoginAnswer, RegisterBody } from "@star-graph/shared/rest/auth";
import { registerBuckets } from "./login-throttle.ts";
import { type Client, openSession, type OpenSessionDeps } from "./open-session.ts";
import { passThrottle, type ThrottleDeps } from "./pass-throttle.ts";
import { hashWirePassword } from "./password.ts";
import { fieldError } from "../http/field-error.ts";
import type { AuthStore } from "./store.ts";

export interface RegisterDeps extends OpenSessionDeps, ThrottleDeps, Pick<AuthStore, "createUser"> {
  isRegistrationOpen: boolean;
  rateLimits: RateLimits;
}

/**
 * Opens an account with 0 credits and signs in to it (decisions, "Auth").
 * @throws {AppError} `FORBIDDEN` where the operator switched it off, `BAD_REQUEST` for a name that is taken, `TOO_MANY_REQUESTS`.
 */
export async function register(deps: RegisterDeps, body: RegisterBody, client: Client, now: number): Promise<LoginAnswer> {
  if (!deps.isRegistrationOpen) {
    throw new AppError("FORBIDDEN", { text: { zh: "注册未开放", en: "Registration is closed" } });
  }
  await passThrottle(deps, registerBuckets(deps.rateLimits, client.address), now);
  const { username, nickname = username } = body;
  const user = await deps.createUser({ username, nickname, password: await hashWirePassword(body.password), role: "USER" }, now);
  // No 409 in the tables of chapter 9 (decisions, "Not in the tables of §9").
  if (!user) {
    throw fieldError("BAD_REQUEST", "username", { zh: "用户名已被使用", en: "this name is taken" });
  }
  return openSession(deps, user, client, now);
}
