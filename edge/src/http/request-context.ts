import { preferredLanguage } from "@star-graph/shared/text";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../env.ts";

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Request id and language of every answer (spec 3.1; decisions, "Envelope" and "Messages"). */
export const requestContext = createMiddleware<AppEnv>(async (c, next) => {
  const given = c.req.header("X-Request-ID") ?? "";
  c.set("requestId", REQUEST_ID.test(given) ? given : crypto.randomUUID());
  c.set("language", preferredLanguage(c.req.header("Accept-Language")));
  await next();
  // The answer to a WebSocket upgrade belongs to the object that made it, and its headers cannot be changed.
  if (c.res.status !== 101) c.header("X-Request-ID", c.var.requestId);
});
