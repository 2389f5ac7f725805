import type { Context } from "hono";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import type { AppEnv } from "../env.ts";

const PREFLIGHT_SECONDS = 86_400;

/**
 * Lets pages of the configured origins call the API. Tokens travel in a header and never in a cookie, so "*" gives a page
 * nothing that its user did not give it. `/ws` and `/files` have rules of their own.
 */
export const apiCors = cors({
  origin: (origin, c) => {
    const { allowedOrigins } = (c as Context<AppEnv>).var.deps;
    if (allowedOrigins.includes("*")) return "*";
    return allowedOrigins.includes(origin) ? origin : null;
  },
  allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  allowHeaders: [
    "Authorization",
    "Content-Type",
    "Accept-Language",
    "Idempotency-Key",
    "Last-Event-ID",
    "X-Request-ID",
    "traceparent",
    "tracestate",
  ],
  exposeHeaders: ["X-Request-ID", "traceparent", "Retry-After", "RateLimit", "RateLimit-Policy", "Content-Disposition"],
  maxAge: PREFLIGHT_SECONDS,
});

const forAnswers = secureHeaders({
  // Pages set their own, and files their own kind.
  overwrite: false,
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  // Pictures are shown on other people's pages.
  crossOriginResourcePolicy: "cross-origin",
  xFrameOptions: "DENY",
});

/** Security headers of every answer but an upgrade's, which belongs to the object that made it and cannot be changed. */
export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.header("Upgrade")?.toLowerCase() === "websocket") return next();
  return forAnswers(c, next);
});
