import { openDatabase } from "../db/client.ts";
import { log } from "../http/log.ts";
import { busyPools } from "./busy-pools.ts";
import { dispatcherName } from "./pools.ts";

/** Has every pool with live tasks compare its work list with D1. One pool's trouble does not keep the others waiting. */
export async function sweepPools(env: Cloudflare.Env): Promise<void> {
  await Promise.all(
    (await busyPools(openDatabase(env.DB))).map(async (pool) => {
      try {
        await env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(pool))).sweep(pool);
      } catch (error) {
        log("error", "sweep failed", { pool, error: String(error) });
      }
    }),
  );
}
