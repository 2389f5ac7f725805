import type { Phase } from "@star-graph/shared/task";

/** What spec 8.3's progress message says in each phase. */
export const PHASE_TEXT: Record<Phase, string> = {
  queued: "等待执行...",
  loading: "正在加载模型...",
  sampling: "正在生成图像...",
  encoding: "正在编码结果...",
  uploading: "正在上传结果...",
};
