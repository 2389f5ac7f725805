import { AppError, type ErrorIssue } from "@star-graph/shared/errors";
import type { Language } from "@star-graph/shared/text";
import { z } from "zod";

const LOCALE_ERRORS = { zh: z.locales.zhCN().localeError, en: z.locales.en().localeError };

/** What a value means, or the refusal that a request with it would get. */
export function readValue<Schema extends z.ZodType>(schema: Schema, value: unknown, language: Language): z.infer<Schema> | AppError {
  const read = schema.safeParse(value);
  return read.success ? read.data : validationError(schema, value, language);
}

/** 400 with every issue, the first one in the message. */
export function validationError(schema: z.ZodType, value: unknown, language: Language): AppError {
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
