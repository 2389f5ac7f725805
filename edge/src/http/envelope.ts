import { type AppError, ERRORS } from "@star-graph/shared/errors";
import type { Context } from "hono";
import type { AppEnv } from "../env.ts";
import { type AnswerContext, errorBody, successBody } from "./answer-body.ts";

const answerContext = (c: Context<AppEnv>): AnswerContext => ({ language: c.var.language, now: Date.now(), requestId: c.var.requestId });

/** Answers with the envelope of a success, as the route's operation says. */
export function ok<T extends object>(c: Context<AppEnv>, data?: T) {
  const { success = "OK", topLevel = [] } = c.var.operation ?? {};
  return c.json(successBody(data, { message: success, topLevel }, answerContext(c)));
}

/** Answers with the envelope of an error. What is not an `AppError` was logged and says nothing. */
export function fail(c: Context<AppEnv>, error: AppError): Response {
  if (error.retryAfterSeconds !== undefined) c.header("Retry-After", String(error.retryAfterSeconds));
  return c.json(errorBody(error, answerContext(c)), ERRORS[error.errorName].httpStatus);
}
