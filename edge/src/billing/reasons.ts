import type { TaskType } from "@star-graph/shared/task";

/** What a task's user reads beside its hold and its charge (spec 4.4). */
export const CHARGE_REASONS: Record<TaskType, string> = {
  TEXT2IMG: "文生图生成",
  IMG2IMG: "图生图生成",
  UPSCALE: "画质提升",
  POSE: "姿势控制",
  TEXT2VIDEO: "文生视频生成",
  IMG2VIDEO: "图生视频生成",
};
/** Beside its release. */
export const RELEASE_REASONS = { FAILED: "任务失败", CANCELLED: "任务取消" } as const;
/** Beside what a cancel after the first step costs. */
export const CANCEL_CHARGE_REASON = "取消扣费";
/** What an owner reads beside a share of a task that his agent completed. */
export const EARN_REASON = "算力收益";
