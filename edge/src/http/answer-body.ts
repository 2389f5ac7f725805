import { type ApiResponse, SUCCESS, type SuccessName } from "@star-graph/shared/envelope";
import { type AppError, type ErrorIssue, ERRORS } from "@star-graph/shared/errors";
import type { Language } from "@star-graph/shared/text";

/** What an answer carries whatever it answers. */
export interface AnswerContext {
  language: Language;
  /** Unix milliseconds. */
  now: number;
  requestId: string;
}

interface SuccessOptions {
  message?: SuccessName;
  /**
   * Fields of `data` that stand at the top level too: spec 5 puts them under `data`, the example of 10.1 reads
   * them beside `code`, and both must work (decisions, "data or top level?").
   */
  topLevel?: readonly string[];
}

/** The envelope of a success (spec 3.2). */
export function successBody<T extends object>(
  data: T | undefined,
  { message = "OK", topLevel = [] }: SuccessOptions,
  { language, now, requestId }: AnswerContext,
): ApiResponse<T> {
  const body: ApiResponse<T> = { code: 200, message: SUCCESS[message][language], ...(data && { data }), timestamp: now, requestId };
  const repeated = Object.entries(data ?? {}).filter(([name, value]) => topLevel.includes(name) && value !== undefined);
  return { ...Object.fromEntries(repeated), ...body };
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

/** The envelope of an error: the only place that builds one. */
export function errorBody(error: AppError, { language, now, requestId }: AnswerContext): ApiResponse {
  return { ...errorAnswer(error, language), timestamp: now, requestId };
}
