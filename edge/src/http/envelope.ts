import { type ApiResponse, SUCCESS, type SuccessName } from "@star-graph/shared/envelope";
import { type AppError, type ErrorIssue, ERRORS } from "@star-graph/shared/errors";
import type { Language } from "@star-graph/shared/text";
import type { Context } from "hono";
import type { AppEnv } from "../env.ts";

interface OkOptions<T> {
  message?: SuccessName;
  /**
   * Fields of `data` that stand at the top level too: spec 5 puts them under `data`, the example of 10.1 reads
   * them beside `code`, and both must work (decisions, "data or top level?").
   */
  topLevel?: readonly (keyof T)[];
}

/** The envelope of a success (spec 3.2). */
export function ok<T extends object>(c: Context<AppEnv>, data: T | undefined, { message = "OK", topLevel = [] }: OkOptions<T> = {}) {
  const body: ApiResponse<T> = {
    code: 200,
    message: SUCCESS[message][c.var.language],
    ...(data && { data }),
    timestamp: Date.now(),
    requestId: c.var.requestId,
  };
  const repeated = data ? Object.fromEntries(topLevel.filter((key) => data[key] !== undefined).map((key) => [key, data[key]])) : {};
  return c.json({ ...repeated, ...body });
}

/** What an error says of itself, alone or as one answer of many. */
export const errorAnswer = (
  error: AppError,
  language: Language,
): Pick<ApiResponse<{ issues: ErrorIssue[] }>, "code" | "message" | "data"> => ({
  code: ERRORS[error.errorName].code,
  message: error.text[language],
  ...(error.issues && { data: { issues: error.issues } }),
});

/** The envelope of an error: the only place that builds one. What is not an `AppError` was logged and says nothing. */
export function fail(c: Context<AppEnv>, error: AppError): Response {
  const row = ERRORS[error.errorName];
  const body: ApiResponse = {
    ...errorAnswer(error, c.var.language),
    timestamp: Date.now(),
    requestId: c.var.requestId,
  };
  if (error.retryAfterSeconds !== undefined) c.header("Retry-After", String(error.retryAfterSeconds));
  return c.json(body, row.httpStatus);
}
