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
  REGISTERED: { zh: "注册成功", en: "Registered" },
  PROFILE_UPDATED: { zh: "用户信息已更新", en: "Profile updated" },
  PASSWORD_CHANGED: { zh: "密码已修改", en: "Password changed" },
  SESSIONS_ENDED: { zh: "会话已结束", en: "Sessions ended" },
  API_KEY_CREATED: { zh: "API密钥已创建", en: "API key created" },
  API_KEY_REVOKED: { zh: "API密钥已撤销", en: "API key revoked" },
  LOGGED_OUT: { zh: "登出成功", en: "Logged out" },
  TASK_CREATED: { zh: "任务创建成功", en: "Task created" },
  TASK_RETRIED: { zh: "任务重试成功", en: "Task retried" },
  TEXT2VIDEO_SUBMITTED: { zh: "文生视频任务已提交", en: "Text-to-video task submitted" },
  IMG2VIDEO_SUBMITTED: { zh: "图生视频任务已提交", en: "Image-to-video task submitted" },
  TASK_CANCELLED: { zh: "任务已取消", en: "Task cancelled" },
} as const satisfies Record<string, LocalText>;

export type SuccessName = keyof typeof SUCCESS;
