import { LoginAnswer, LoginBody, RefreshAnswer, RegisterBody } from "@star-graph/shared/rest/auth";
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { addressOf, limitSignIn } from "../http/rate-limit.ts";
import { requireRefreshToken, requireSession } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { deviceOf, rememberDevice } from "./device-cookie.ts";
import { login } from "./login.ts";
import type { Client } from "./open-session.ts";
import { register } from "./register.ts";
import { ACCESS_TOKEN_SECONDS, issueToken } from "./token.ts";

const tag = "Auth 认证";
const LOGIN_FIELDS = ["token", "refreshToken", "expiresIn"] as const;
const REFRESH_FIELDS = ["token", "expiresIn"] as const;
const LOGIN = operation({
  tag,
  summary: "Sign in / 登录",
  success: "LOGGED_IN",
  answerHeaders: ["Set-Cookie"],
  description:
    "Sets a cookie that only login and registration see: failures of others, at the same address too, do not count where it is shown.",
  answer: LoginAnswer,
  topLevel: LOGIN_FIELDS,
  errors: ["UNAUTHORIZED"],
});
const REGISTER = operation({
  tag,
  summary: "Open an account / 注册",
  success: "REGISTERED",
  answerHeaders: ["Set-Cookie"],
  description: "Signs in at once. 403 where the operator has switched it off.",
  answer: LoginAnswer,
  topLevel: LOGIN_FIELDS,
  errors: ["FORBIDDEN"],
});
const REFRESH = operation({
  tag,
  summary: "A new access token / 刷新Token",
  success: "TOKEN_REFRESHED",
  answer: RefreshAnswer,
  topLevel: REFRESH_FIELDS,
});
const LOGOUT = operation({ tag, summary: "End this session / 登出", success: "LOGGED_OUT" });

const clientOf = (c: Context<AppEnv>): Client => ({ address: addressOf(c), userAgent: c.req.header("User-Agent") ?? null });

/** Spec chapter 2, and registration, which it lacks. */
export const auth = new Hono<AppEnv>()
  .post("/login", LOGIN, limitSignIn, validate("json", LoginBody), async (c) => {
    const now = Date.now();
    const device = await deviceOf(c, now);
    const answer = await login(c.var.deps, c.req.valid("json"), { ...clientOf(c), device }, now);
    await rememberDevice(c, answer.user.id, device, now);
    return ok(c, answer);
  })
  .post("/register", REGISTER, limitSignIn, validate("json", RegisterBody), async (c) => {
    const now = Date.now();
    const answer = await register(c.var.deps, c.req.valid("json"), clientOf(c), now);
    await rememberDevice(c, answer.user.id, null, now);
    return ok(c, answer);
  })
  .post("/refresh", REFRESH, requireRefreshToken, async (c) => {
    const { id, sessionId } = c.var.user;
    const token = await issueToken(c.var.deps.tokenSecret, { userId: id, sessionId, use: "access" }, Date.now());
    return ok(c, { token, expiresIn: ACCESS_TOKEN_SECONDS });
  })
  .post("/logout", LOGOUT, requireSession, async (c) => {
    const { id, sessionId } = c.var.user;
    await c.var.deps.revokeSession(sessionId, Date.now());
    await c.var.deps.endSockets(id, [sessionId]);
    return ok(c);
  });
