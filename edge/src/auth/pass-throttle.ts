import { AppError } from "@star-graph/shared/errors";
import { type Bucket, retryAfterSeconds } from "./login-throttle.ts";
import type { ThrottleStore } from "./throttle-store.ts";

export type ThrottleDeps = Pick<ThrottleStore, "readThrottles" | "takeTries">;

/**
 * Takes a try from each bucket before the work that it pays for. Who is refused costs one read and no hash.
 * @throws {AppError} `TOO_MANY_REQUESTS`, with the seconds until another try is there.
 */
export async function passThrottle(deps: ThrottleDeps, buckets: readonly Bucket[], now: number): Promise<void> {
  const fullAt = await deps.readThrottles(buckets.map(({ key }) => key));
  const wait = retryAfterSeconds(buckets, fullAt, now);
  if (wait > 0) throw new AppError("TOO_MANY_REQUESTS", { retryAfterSeconds: wait });
  // Another one took the last try meanwhile.
  if (!(await deps.takeTries(buckets, now))) throw new AppError("TOO_MANY_REQUESTS");
}
