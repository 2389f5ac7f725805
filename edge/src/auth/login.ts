import type { RateLimits } from "@star-graph/shared/defaults";
import { AppError } from "@star-graph/shared/errors";
import type { LoginAnswer, LoginBody } from "@star-graph/shared/rest/auth";
import type { Device } from "./device.ts";
import { loginBuckets } from "./login-throttle.ts";
import { type Client, openSession, type OpenSessionDeps } from "./open-session.ts";
import { passThrottle, type ThrottleDeps } from "./pass-throttle.ts";
import { hashMd5, isOutdated, matchPassword } from "./password.ts";
import type { AuthStore } from "./store.ts";
import type { ThrottleStore } from "./throttle-store.ts";

export interface LoginDeps
  extends
    OpenSessionDeps,
    ThrottleDeps,
    Pick<AuthStore, "findUserByName" | "isKnownAddress" | "setPassword">,
    Pick<ThrottleStore, "giveBackTries"> {
  rateLimits: RateLimits;
}

/** Who tries: the other end, and the device that it says it is. */
export interface LoginClient extends Client {
  device: Device | null;
}

/**
 * Opens a session (spec 2.1). Every try is paid for before the password is hashed, and a right one gets it back.
 * @throws {AppError} `UNAUTHORIZED`, the same for an unknown user, a wrong password and a disabled account; `TOO_MANY_REQUESTS`.
 */
export async function login(deps: LoginDeps, body: LoginBody, client: LoginClient, now: number): Promise<LoginAnswer> {
  const [user, isKnownAddress] = await Promise.all([
    deps.findUserByName(body.username),
    deps.isKnownAddress(body.username, client.address),
  ]);
  // Somebody else's device is a device like any other.
  const deviceId = client.device && client.device.userId === user?.id ? client.device.deviceId : null;
  const buckets = loginBuckets(deps.rateLimits, { username: body.username, address: client.address, isKnownAddress, deviceId });
  await passThrottle(deps, buckets, now);
  const md5 = await matchPassword(body.password, user?.password ?? null);
  if (!user || md5 === null || user.disabled) {
    throw new AppError("UNAUTHORIZED", { text: { zh: "用户名或密码错误", en: "Wrong username or password" } });
  }
  await deps.giveBackTries(buckets);
  if (isOutdated(user.password)) await deps.setPassword(user.id, await hashMd5(md5), now);
  return openSession(deps, user, client, now);
}
