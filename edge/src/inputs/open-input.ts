import { AppError } from "@star-graph/shared/errors";
import { CONTENT_TYPES } from "../files/inspect.ts";
import type { Shard } from "../dispatch/shards/pools.ts";
import type { InputStore } from "./store.ts";

export interface OpenInputDeps extends Pick<InputStore, "findInputOfTask" | "openInput"> {
  /** The task that an attempt holds, from its offer to its end; null when it holds none. */
  taskOfAttempt(shard: Shard, attemptId: string): Promise<string | null>;
}

/**
 * The picture of the task that an attempt holds.
 * @throws {AppError} `FORBIDDEN` when the attempt holds no task any more, `NOT_FOUND` when the picture has been deleted.
 */
export async function openInput(deps: OpenInputDeps, { attemptId, ...shard }: { attemptId: string } & Shard) {
  const taskId = await deps.taskOfAttempt(shard, attemptId);
  if (taskId === null) throw new AppError("FORBIDDEN", { text: { zh: "该次执行已不再有效", en: "This attempt no longer holds its task" } });
  const input = await deps.findInputOfTask(taskId);
  const body = input && (await deps.openInput(input.fileKey));
  if (!body) throw new AppError("NOT_FOUND");
  return { body, size: input.sizeBytes, sha256: input.sha256, contentType: CONTENT_TYPES[input.format] };
}
