import { AppError } from "@star-graph/shared/errors";
import type { Shard } from "../dispatch/shards/pools.ts";
import { CONTENT_TYPES, inspectPicture } from "../files/inspect.ts";
import type { Picture } from "../hub/previews.ts";

/** What an attempt may show of its running step (design, "Previews"). */
export const PREVIEW_LIMITS = { sidePixels: 256, bytes: 20 * 1024, intervalMs: 1_000 } as const;

export interface TakePreviewDeps {
  /** Whose task that attempt runs; null when it does not hold one any more. */
  runningTask(shard: Shard, attemptId: string): Promise<{ taskId: string; userId: number } | null>;
  /** @returns false when the one before is too young. */
  keepPreview(userId: number, taskId: string, picture: Picture): Promise<boolean>;
}

/**
 * Takes a small picture of what an attempt is at, judged by its bytes alone.
 * @throws {AppError} `FILE_TOO_LARGE`, `UNSUPPORTED_IMAGE`, `FORBIDDEN` when the attempt was given away, `TOO_MANY_REQUESTS`.
 */
export async function takePreview(
  deps: TakePreviewDeps,
  { attemptId, ...shard }: { attemptId: string } & Shard,
  bytes: Uint8Array,
): Promise<void> {
  const seen = inspectPicture(bytes);
  if (!seen) throw new AppError("UNSUPPORTED_IMAGE");
  if (Math.max(seen.width, seen.height) > PREVIEW_LIMITS.sidePixels) {
    const { sidePixels } = PREVIEW_LIMITS;
    throw new AppError("FILE_TOO_LARGE", {
      text: { zh: `预览图边长不得超过 ${sidePixels}`, en: `A preview is ${sidePixels} pixels wide and high at most` },
    });
  }
  const task = await deps.runningTask(shard, attemptId);
  if (!task) throw new AppError("FORBIDDEN", { text: { zh: "该次执行已不再有效", en: "This attempt no longer holds its task" } });
  const isKept = await deps.keepPreview(task.userId, task.taskId, { bytes, contentType: CONTENT_TYPES[seen.format] });
  if (!isKept) throw new AppError("TOO_MANY_REQUESTS", { retryAfterSeconds: 1 });
}
