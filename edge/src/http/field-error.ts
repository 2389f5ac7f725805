import { AppError, type ErrorName } from "@star-graph/shared/errors";
import type { LocalText } from "@star-graph/shared/text";

/** A refusal of one field that its schema alone could not make; said as `validate` says its own. */
export function fieldError(
  error: Extract<ErrorName, "BAD_REQUEST" | "UNSUPPORTED_IMAGE" | "FILE_TOO_LARGE">,
  field: string,
  why: LocalText,
) {
  const isBadRequest = error === "BAD_REQUEST";
  return new AppError(error, {
    text: {
      zh: `${isBadRequest ? "请求参数错误：" : ""}${field}: ${why.zh}`,
      en: `${isBadRequest ? "The request is not valid: " : ""}${field}: ${why.en}`,
    },
    issues: [{ path: field, message: why.en }],
  });
}
