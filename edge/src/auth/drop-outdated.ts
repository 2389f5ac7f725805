import { openDatabase } from "../db/client.ts";
import { createAuthStore } from "./store.ts";
import { createThrottleStore } from "./throttle-store.ts";

/** Forgets sessions whose last token has expired and throttles that throttle nothing any more. For the cron trigger. */
export async function dropOutdatedAccess(env: Cloudflare.Env, now: number): Promise<void> {
  const db = openDatabase(env.DB);
  await createAuthStore(db).dropExpiredSessions(now);
  await createThrottleStore(db).dropFullThrottles(now);
}
