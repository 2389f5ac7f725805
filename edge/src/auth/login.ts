import { AppError } from "@star-graph/shared/errors";
import type { LoginAnswer, LoginBody } from "@star-graph/shared/rest/auth";
import { verifyPassword } from "./password.ts";
import type { AuthStore } from "./store.ts";
import { ACCESS_TOKEN_SECONDS, issueToken, REFRESH_TOKEN_SECONDS } from "./token.ts";

export interface LoginDeps extends Pick<AuthStore, "findUserByName" | "createSession"> {
  tokenSecret: string;
}

/**
 * Opens a session (spec 2.1).
 * @throws {AppError} `UNAUTHORIZED`, the same for an unknown user, a wrong password and a disabled account.
 */
export async function login(deps: LoginDeps, body: LoginBody, now: number): Promise<LoginAnswer> {
  const user = await deps.findUserByName(body.username);
  const isRightPassword = await verifyPassword(body.password, user?.password ?? null);
  if (!user || !isRightPassword || user.disabled) {
    throw new AppError("UNAUTHORIZED", { text: { zh: "用户名或密码错误", en: "Wrong username or password" } });
  }
  const session = { id: crypto.randomUUID(), userId: user.id, createTime: now, expireTime: now + REFRESH_TOKEN_SECONDS * 1000 };
  await deps.createSession(session);
  const claims = { userId: user.id, sessionId: session.id };
  return {
    token: await issueToken(deps.tokenSecret, { ...claims, use: "access" }, now),
    refreshToken: await issueToken(deps.tokenSecret, { ...claims, use: "refresh" }, now),
    expiresIn: ACCESS_TOKEN_SECONDS,
    user: { id: user.id, username: user.username, nickname: user.nickname, avatar: user.avatar ?? "", role: user.role },
  };
}
