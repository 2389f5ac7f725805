import { zValidator } from "@hono/zod-validator";
import { AppError } from "@star-graph/shared/errors";
import { preferredLanguage } from "@star-graph/shared/text";
import { createMiddleware } from "hono/factory";
import type { z } from "zod";
import type { AppEnv } from "../env.ts";
import { validationError } from "./read-value.ts";
import { withFact } from "./route-facts.ts";

/**
 * Checks one part of the request; what does not fit answers 400 with every issue, the first one in the message.
 * @param described what the reference says of it, where the handler checks the rest itself.
 */
export function validate<Target extends "json" | "query" | "param", Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
  described: z.ZodType = schema,
) {
  const middleware = zValidator(target, schema, (result, c) => {
    if (!result.success) throw validationError(schema, result.data, preferredLanguage(c.req.header("Accept-Language")));
  });
  return withFact(middleware, { kind: "validates", target, schema: described });
}

/** A body must be JSON and say so; checked before its fields, so that the answer names the real mistake. */
export const requireJson = createMiddleware<AppEnv>(async (c, next) => {
  const hasBody = c.req.method === "POST" || c.req.method === "PUT" || c.req.method === "PATCH";
  const length = c.req.header("Content-Length");
  const isEmpty = length === "0" || (length === undefined && c.req.header("Transfer-Encoding") === undefined);
  if (hasBody && !isEmpty && !/^application\/([a-z0-9.+-]+\+)?json(;|$)/i.test(c.req.header("Content-Type") ?? "")) {
    throw new AppError("BAD_REQUEST", {
      text: { zh: "请求体必须是 application/json", en: "The body must be application/json" },
    });
  }
  await next();
});
