import { zValidator } from "@hono/zod-validator";
import { AppError, type ErrorIssue } from "@star-graph/shared/errors";
import { type Language, preferredLanguage } from "@star-graph/shared/text";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import type { AppEnv } from "../env.ts";
import { withFact } from "./route-facts.ts";

const LOCALE_ERRORS = { zh: z.locales.zhCN().localeError, en: z.locales.en().localeError };

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

/** The same for one value of many: what it means, or the refusal that it would get alone. */
export function readValue<Schema extends z.ZodType>(schema: Schema, value: unknown, language: Language): z.infer<Schema> | AppError {
  const read = schema.safeParse(value);
  return read.success ? read.data : validationError(schema, value, language);
}

function validationError(schema: z.ZodType, value: unknown, language: Language): AppError {
  const inLanguage = (wanted: Language): ErrorIssue[] =>
    (schema.safeParse(value, { error: LOCALE_ERRORS[wanted] }).error?.issues ?? []).map((issue) => ({
      path: issue.path.join("."),
      message: issue.message,
    }));
  const first = (wanted: Language) => {
    const issue = inLanguage(wanted)[0];
    return issue?.path ? `${issue.path}: ${issue.message}` : (issue?.message ?? "");
  };
  return new AppError("BAD_REQUEST", {
    text: { zh: `请求参数错误：${first("zh")}`, en: `The request is not valid: ${first("en")}` },
    issues: inLanguage(language),
  });
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
