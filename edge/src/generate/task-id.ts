import { TASK_ID_PREFIX, type TaskType } from "@star-graph/shared/task";

const RANDOM_DIGITS = 10;

/**
 * An id like the document's `t2i_20241002_123456`: the UTC day, then the millisecond of the day (so that ids sort by
 * time) and random digits (so that none can be guessed from another).
 */
export function newTaskId(type: TaskType, now: number, randomBytes: Uint8Array): string {
  const date = new Date(now);
  const day = date.toISOString().slice(0, 10).replaceAll("-", "");
  const msOfDay = now - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  const random = randomBytes.reduce((value, byte) => (value * 256n + BigInt(byte)) % 10n ** BigInt(RANDOM_DIGITS), 0n);
  return `${TASK_ID_PREFIX[type]}_${day}_${String(msOfDay).padStart(8, "0")}${String(random).padStart(RANDOM_DIGITS, "0")}`;
}
