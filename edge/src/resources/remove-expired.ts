import { openDatabase } from "../db/client.ts";
import { createResourceStore } from "./store.ts";

/** In one minute; what is left is the next one's. */
const AT_ONCE = 200;

/** Deletes result files whose time is over; their tasks stay. Called by the cron trigger; may be repeated. */
export async function removeExpiredResults(env: Cloudflare.Env, now: number): Promise<void> {
  const store = createResourceStore(openDatabase(env.DB), env.FILES);
  await store.removeResults(await store.findExpiredResults(now, AT_ONCE));
}
