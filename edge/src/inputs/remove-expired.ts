import { openDatabase } from "../db/client.ts";
import { createInputStore } from "./store.ts";

/** In one minute; what is left is the next one's. */
const AT_ONCE = 200;

/** Deletes pictures whose time is over. Called by the cron trigger; may be repeated. */
export async function removeExpiredInputs(env: Cloudflare.Env, now: number): Promise<void> {
  const store = createInputStore(openDatabase(env.DB), env.FILES);
  for (const { id } of await store.findExpiredInputs(now, AT_ONCE)) await store.removeInput(id, now);
}
