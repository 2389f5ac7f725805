import { ERRORS, isErrorName } from "@star-graph/shared/errors";
import type { EndMessage } from "@star-graph/shared/push";
import { isTerminal } from "@star-graph/shared/task";
import type { ResultRow, TaskRow } from "../tasks/store.ts";

/** Spec 8.3's message of a task's end, as D1 knows it; null while it has none. */
export function endMessage(task: TaskRow, files: ResultRow[], fileUrl: (key: string) => string): EndMessage | null {
  const { status } = task;
  if (!isTerminal(status)) return null;
  const ids = { taskId: task.id, ...(task.clientId !== null && { clientId: task.clientId }) };
  if (status === "FAILED") {
    const name = task.errorName ?? "";
    const { code, zh } = ERRORS[isErrorName(name) ? name : "INTERNAL"];
    return { type: "error", ...ids, code, message: `生成失败：${zh}` };
  }
  const results = files.map((file) => ({ url: fileUrl(file.fileKey), thumbnailUrl: fileUrl(file.thumbnailKey) }));
  return { type: "result", ...ids, status, results };
}
