import { AppError } from "@star-graph/shared/errors";
import type { WebhookDeliveries, WebhookSecret } from "@star-graph/shared/rest/webhooks";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { TaskStore } from "../tasks/store.ts";
import { OVERLAP_MS, type SecretVersion, signingVersions, webhookSecret } from "./secret.ts";
import type { WebhookStore } from "./store.ts";

/** The secret that signs a user's callbacks now. */
export async function showSecret(
  { tokenSecret }: { tokenSecret: string },
  userId: number,
  current: SecretVersion,
  now: number,
): Promise<WebhookSecret> {
  const isOverlapping = signingVersions(current, now).length > 1;
  return {
    secret: await webhookSecret(tokenSecret, userId, current.version),
    alsoSignedUntil: isOverlapping ? toWireTime(current.rotateTime + OVERLAP_MS) : null,
  };
}

/**
 * Every try to deliver a task's callback, the first one first.
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else.
 */
export async function showDeliveries(
  deps: Pick<TaskStore, "findTask"> & Pick<WebhookStore, "deliveriesOf">,
  taskId: string,
  userId: number,
): Promise<WebhookDeliveries> {
  const task = await deps.findTask(taskId, userId);
  if (!task) throw new AppError("NOT_FOUND");
  const tries = await deps.deliveriesOf(taskId);
  const deliveries = tries.map(({ attempt, url, startTime, durationMs, httpStatus, error, nextTime }) => ({
    attempt,
    url,
    time: toWireTime(startTime),
    durationMs,
    httpStatus,
    error,
    isDelivered: httpStatus !== null && httpStatus >= 200 && httpStatus < 300,
    nextTime: nextTime === null ? null : toWireTime(nextTime),
  }));
  return { callbackUrl: task.callbackUrl, deliveries };
}
