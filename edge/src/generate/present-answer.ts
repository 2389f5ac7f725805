import type { SuccessName } from "@star-graph/shared/envelope";
import type { TaskType } from "@star-graph/shared/task";

/** What the example of spec 10.1 reads beside `code`. */
export const GENERATE_TOP_LEVEL = ["taskId", "queuePosition", "estimatedTime", "cost", "duration", "fps", "totalFrames"] as const;

/** What the document says when a task of that type was taken. */
export const GENERATE_SUCCESS: Record<TaskType, SuccessName> = {
  TEXT2IMG: "TASK_CREATED",
  IMG2IMG: "TASK_CREATED",
  UPSCALE: "TASK_CREATED",
  POSE: "TASK_CREATED",
  TEXT2VIDEO: "TEXT2VIDEO_SUBMITTED",
  IMG2VIDEO: "IMG2VIDEO_SUBMITTED",
};
