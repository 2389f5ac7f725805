import type { QueueClock } from "./clock.ts";
import { offerItem } from "./offers.ts";
import type { DispatchStore } from "./store.ts";
import type { Effect, TaskToQueue } from "./types.ts";
import { isSameVip } from "./vips.ts";

/** Whether D1 says other things now of a task that is on the list: its user is another level, its model needs other memory. */
export function isRestated(store: DispatchStore, { taskId, userId, vip, memoryBytes }: TaskToQueue): boolean {
  const item = store.getItem(taskId);
  return item !== null && (item.memoryBytes !== memoryBytes || !isSameVip(store.vips.of(userId), vip ?? null));
}

/** What was said of it when it came counts no more. One that waits for more than there is would else wait until its end. */
export function onTaskRestated(store: DispatchStore, { taskId, userId, vip, memoryBytes }: TaskToQueue, clock: QueueClock): Effect[] {
  const item = store.getItem(taskId);
  if (!item) return [];
  store.vips.set(userId, vip ?? null);
  if (item.memoryBytes === memoryBytes) return [];
  const { memoryBytes: _, ...rest } = item;
  const restated = { ...rest, ...(memoryBytes !== undefined && { memoryBytes }) };
  // One that waits leaves its line for another one.
  if (restated.state === "waiting") store.deleteItem(taskId);
  store.putItem(restated);
  return restated.state === "waiting" ? offerItem(store, restated, clock) : [];
}
