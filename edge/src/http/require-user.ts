import { AppError } from "@star-graph/shared/errors";
import { createMiddleware } from "hono/factory";
import { authenticateToken } from "../auth/authenticate.ts";
import type { TokenClaims } from "../auth/token.ts";
import type { AppEnv } from "../env.ts";

/** The token of `Authorization: Bearer …`, or null. */
export function bearerToken(header: string | undefined): string | null {
  return /^Bearer ([^\s]+)$/i.exec(header ?? "")?.[1] ?? null;
}

function requireToken(use: TokenClaims["use"]) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c.req.header("Authorization"));
    const user = token ? await authenticateToken(c.var.deps, token, use, Date.now()) : null;
    if (!user) throw new AppError("UNAUTHORIZED");
    c.set("user", user);
    await next();
  });
}

/** Spec 3.1: an access token whose session still counts, else 401. */
export const requireUser = requireToken("access");
/** Spec 2.2: the one route that takes the refresh token. */
export const requireRefreshToken = requireToken("refresh");
