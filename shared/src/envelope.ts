import type { LocalText } from "./text.ts";

/** The one shape of every JSON answer (spec 3.2). `timestamp` is Unix milliseconds. */
export interface ApiResponse<T = unknown> {
  code: number | string;
  message: string;
  data?: T;
  timestamp: number;
  requestId: string;
}

/** What the document says on success, per operation. */
export const SUCCESS = {
  OK: { zh: "success", en: "success" },
  LOGGED_IN: { zh: "登录成功", en: "Logged in" },
  TOKEN_REFRESHED: { zh: "Token刷新成功", en: "Token refreshed" },
  LOGGED_OUT: { zh: "登出成功", en: "Logged out" },
  TASK_CREATED: { zh: "任务创建成功", en: "Task created" },
  TASK_CANCELLED: { zh: "任务已取消", en: "Task cancelled" },
} as const satisfies Record<string, LocalText>;

export type SuccessName = keyof typeof SUCCESS;
