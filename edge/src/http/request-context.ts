import { preferredLanguage } from "@star-graph/shared/text";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../env.ts";
import { requestIdOf } from "./request-id.ts";
import { continueTrace } from "./trace-context.ts";

const randomHex = (bytes: number): string => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");

/** Request id, trace and language of every answer (spec 3.1; decisions, "Envelope" and "Messages"). */
export const requestContext = createMiddleware<AppEnv>(async (c, next) => {
  c.set("requestId", requestIdOf(c.req.header("X-Request-ID")));
  c.set("language", preferredLanguage(c.req.header("Accept-Language")));
  const { traceId, traceparent } = continueTrace(c.req.header("traceparent"), randomHex);
  c.set("traceId", traceId);
  await next();
  // The answer to a WebSocket upgrade belongs to the object that made it, and its headers cannot be changed.
  if (c.res.status === 101) return;
  c.header("X-Request-ID", c.var.requestId);
  c.header("traceparent", traceparent);
});
