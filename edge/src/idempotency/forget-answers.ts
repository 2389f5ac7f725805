import { openDatabase } from "../db/client.ts";
import { REMEMBER_MS } from "./request-key.ts";
import { createIdempotencyStore } from "./store.ts";

/** Called by the cron trigger. */
export async function forgetAnswers(env: Cloudflare.Env, now: number): Promise<void> {
  await createIdempotencyStore(openDatabase(env.DB)).sweepAnswers(now - REMEMBER_MS);
}
