import type { LocalText } from "./text.ts";

interface ErrorRow extends LocalText {
  /** Spec 9: the number of 9.1 or the string of 9.2. Both go in the envelope's one `code` field (decisions, "Answers"). */
  readonly code: number | string;
  readonly httpStatus: 400 | 401 | 402 | 403 | 404 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;
  /** Sent as `Retry-After` unless the thrower knows better. */
  readonly retryAfterSeconds?: number;
}

/** Every error that leaves the system, by name: one row per code of spec chapter 9. */
export const ERRORS = {
  BAD_REQUEST: { code: 400, httpStatus: 400, zh: "请求参数错误", en: "The request is not valid" },
  UNAUTHORIZED: { code: 401, httpStatus: 401, zh: "未授权", en: "Not authenticated" },
  FORBIDDEN: { code: 403, httpStatus: 403, zh: "权限不足", en: "Not allowed" },
  NOT_FOUND: { code: 404, httpStatus: 404, zh: "资源不存在", en: "Not found" },
  TOO_MANY_REQUESTS: { code: 429, httpStatus: 429, zh: "请求过于频繁", en: "Too many requests", retryAfterSeconds: 5 },
  INTERNAL: { code: 500, httpStatus: 500, zh: "服务器内部错误", en: "Internal error" },
  BAD_GATEWAY: { code: 502, httpStatus: 502, zh: "网关错误", en: "Bad gateway" },
  UNAVAILABLE: { code: 503, httpStatus: 503, zh: "服务不可用，请稍后重试", en: "Unavailable, try again later", retryAfterSeconds: 2 },
  MODEL_LOAD_FAILED: { code: "E001", httpStatus: 500, zh: "模型加载失败", en: "The model could not be loaded" },
  INSUFFICIENT_CREDITS: { code: "E002", httpStatus: 402, zh: "余额不足", en: "Not enough credits" },
  QUEUE_FULL: { code: "E003", httpStatus: 503, zh: "任务队列已满", en: "The queue is full", retryAfterSeconds: 10 },
  UNSUPPORTED_IMAGE: { code: "E004", httpStatus: 415, zh: "图片格式不支持", en: "Unsupported image format" },
  FILE_TOO_LARGE: { code: "E005", httpStatus: 413, zh: "文件大小超限", en: "The file is too large" },
  SENSITIVE_CONTENT: { code: "E006", httpStatus: 422, zh: "敏感内容检测", en: "Sensitive content" },
  NO_GPU: { code: "E007", httpStatus: 503, zh: "GPU资源不足", en: "No GPU can run this now", retryAfterSeconds: 30 },
  TASK_TIMEOUT: { code: "E008", httpStatus: 504, zh: "任务超时", en: "The task ran out of time" },
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof ERRORS;

export interface ErrorIssue {
  path: string;
  message: string;
}

interface AppErrorOptions {
  cause?: unknown;
  /** Replaces the row's text when more can be said to the caller. */
  text?: LocalText;
  /** All validation failures; the envelope's `data.issues`. */
  issues?: ErrorIssue[];
  retryAfterSeconds?: number;
}

/** The only error that reaches a caller as written; anything else becomes `INTERNAL`. */
export class AppError extends Error {
  readonly errorName: ErrorName;
  readonly text: LocalText;
  readonly issues: ErrorIssue[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(errorName: ErrorName, options: AppErrorOptions = {}) {
    const row: ErrorRow = ERRORS[errorName];
    const text = options.text ?? row;
    super(`${errorName}: ${text.en}`, { cause: options.cause });
    this.name = "AppError";
    this.errorName = errorName;
    this.text = text;
    this.issues = options.issues;
    this.retryAfterSeconds = options.retryAfterSeconds ?? row.retryAfterSeconds;
  }
}

/** A task's own end, as stored and as sent in spec 8.3's error message. */
export function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(ERRORS, name);
}
