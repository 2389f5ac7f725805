import { LoginBody } from "@star-graph/shared/rest/auth";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireRefreshToken, requireUser } from "../http/require-user.ts";
import { validate } from "../http/validate.ts";
import { login } from "./login.ts";
import { ACCESS_TOKEN_SECONDS, issueToken } from "./token.ts";

/** Spec chapter 2. */
export const auth = new Hono<AppEnv>()
  .post("/login", validate("json", LoginBody), async (c) => {
    const answer = await login(c.var.deps, c.req.valid("json"), Date.now());
    return ok(c, answer, { message: "LOGGED_IN", topLevel: ["token", "refreshToken", "expiresIn"] });
  })
  .post("/refresh", requireRefreshToken, async (c) => {
    const { id, sessionId } = c.var.user;
    const token = await issueToken(c.var.deps.tokenSecret, { userId: id, sessionId, use: "access" }, Date.now());
    return ok(c, { token, expiresIn: ACCESS_TOKEN_SECONDS }, { message: "TOKEN_REFRESHED", topLevel: ["token", "expiresIn"] });
  })
  .post("/logout", requireUser, async (c) => {
    const { id, sessionId } = c.var.user;
    await c.var.deps.revokeSession(sessionId, Date.now());
    await c.var.deps.endSockets(id, sessionId);
    return ok(c, undefined, { message: "LOGGED_OUT" });
  });
