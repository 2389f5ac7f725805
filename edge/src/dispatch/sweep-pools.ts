import { inArray } from "drizzle-orm";
import { openDatabase } from "../db/client.ts";
import { tasks } from "../db/schema.ts";
import { log } from "../http/log.ts";
import { dispatcherName } from "./pools.ts";

/** Has every pool with live tasks compare its work list with D1. One pool's trouble does not keep the others waiting. */
export async function sweepPools(env: Cloudflare.Env): Promise<void> {
  const live = await openDatabase(env.DB)
    .selectDistinct({ pool: tasks.pool })
    .from(tasks)
    .where(inArray(tasks.status, ["PENDING", "PROCESSING"]));
  await Promise.all(
    live.map(async ({ pool }) => {
      try {
        await env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(pool))).sweep(pool);
      } catch (error) {
        log("error", "sweep failed", { pool, error: String(error) });
      }
    }),
  );
}
