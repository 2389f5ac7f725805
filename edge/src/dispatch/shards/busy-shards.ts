import { inArray } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { tasks } from "../../db/schema.ts";
import type { Shard } from "./pools.ts";

/** Shards with tasks that have not ended, read from the index of those. */
export function busyShards(db: Database): Promise<Shard[]> {
  return db
    .selectDistinct({ pool: tasks.pool, shard: tasks.shard })
    .from(tasks)
    .where(inArray(tasks.status, ["PENDING", "PROCESSING"]));
}

/** Their pools. */
export const busyPools = async (db: Database): Promise<string[]> => [...new Set((await busyShards(db)).map(({ pool }) => pool))];
