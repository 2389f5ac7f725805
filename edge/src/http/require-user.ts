import { AppError } from "@star-graph/shared/errors";
import type { ApiScope } from "@star-graph/shared/rest/auth";
import { createMiddleware } from "hono/factory";
import { authenticateToken } from "../auth/authenticate.ts";
import { requireScope } from "../auth/require-scope.ts";
import type { TokenClaims } from "../auth/token.ts";
import type { AppEnv } from "../env.ts";
import { limitUser } from "./rate-limit.ts";
import { type Caller, scopeFor, withFact } from "./route-facts.ts";

/** The token of `Authorization: Bearer …`, or null. */
export function bearerToken(header: string | undefined): string | null {
  return /^Bearer ([^\s]+)$/i.exec(header ?? "")?.[1] ?? null;
}

function requireToken(use: TokenClaims["use"], caller: Exclude<Caller, "anyone" | "agent">) {
  const middleware = createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c.req.header("Authorization"));
    const user = token ? await authenticateToken(c.var.deps, token, use, Date.now()) : null;
    if (!user) throw new AppError("UNAUTHORIZED");
    await limitUser(c, user.id);
    if (caller === "admin" && user.role !== "ADMIN") throw new AppError("FORBIDDEN");
    if (user.scopes) requireKeyScope(user.scopes, caller, c.req.method);
    c.set("user", user);
    await next();
  });
  return withFact(middleware, { kind: "requires", caller });
}

/** What an API key must be allowed for this route; what could make a leaked key stay is not for keys at all. */
function requireKeyScope(scopes: readonly ApiScope[], caller: Caller, method: string): void {
  if (caller === "session" || caller === "refresh-token") {
    throw new AppError("FORBIDDEN", {
      text: { zh: "API密钥不能用于此接口，请登录", en: "API keys are not taken here: sign in" },
    });
  }
  requireScope(scopes, scopeFor(caller, method));
}

/** Spec 3.1: an access token whose session still counts, or an API key with the scope for it; else 401. */
export const requireUser = requireToken("access", "user");
/** The same for what an API key may not do: the password, ending sessions, making and revoking keys, callback secrets. */
export const requireSession = requireToken("access", "session");
/** Spec 2.2: the one route that takes the refresh token. */
export const requireRefreshToken = requireToken("refresh", "refresh-token");
/** Spec 1.3: administrators only, 403 for everyone else. */
export const requireAdmin = requireToken("access", "admin");
