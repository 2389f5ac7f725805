import type { RateLimits } from "@star-graph/shared/defaults";
import type { PasswordBody } from "@star-graph/shared/rest/auth";
import type { AuthenticatedUser } from "./authenticate.ts";
import { passwordBuckets } from "./login-throttle.ts";
import { passThrottle, type ThrottleDeps } from "./pass-throttle.ts";
import { hashWirePassword, verifyPassword } from "./password.ts";
import { fieldError } from "../http/field-error.ts";
import type { AuthStore } from "./store.ts";
import type { ThrottleStore } from "./throttle-store.ts";

export interface ChangePasswordDeps
  extends ThrottleDeps, Pick<AuthStore, "findUserById" | "setPassword" | "revokeSessions">, Pick<ThrottleStore, "giveBackTries"> {
  rateLimits: RateLimits;
  endSockets(userId: number, sessionIds: string[]): Promise<void>;
}

/**
 * Sets another password and ends every other session: whoever else knew the old one is out.
 * @throws {AppError} `BAD_REQUEST` for a wrong old password (not 401: the session is a good one), `TOO_MANY_REQUESTS`.
 */
export async function changePassword(deps: ChangePasswordDeps, user: AuthenticatedUser, body: PasswordBody, now: number): Promise<void> {
  const buckets = passwordBuckets(deps.rateLimits, user.id);
  await passThrottle(deps, buckets, now);
  const row = await deps.findUserById(user.id);
  if (!(await verifyPassword(body.oldPassword, row?.password ?? null))) {
    throw fieldError("BAD_REQUEST", "oldPassword", { zh: "原密码错误", en: "the password is wrong" });
  }
  await deps.giveBackTries(buckets);
  await deps.setPassword(user.id, await hashWirePassword(body.newPassword), now);
  await deps.endSockets(user.id, await deps.revokeSessions(user.id, { except: user.sessionId }, now));
}
