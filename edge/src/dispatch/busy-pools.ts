import { inArray } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { tasks } from "../db/schema.ts";

/** Pools with tasks that have not ended, read from the index of those. */
export async function busyPools(db: Database): Promise<string[]> {
  const rows = await db
    .selectDistinct({ pool: tasks.pool })
    .from(tasks)
    .where(inArray(tasks.status, ["PENDING", "PROCESSING"]));
  return rows.map((row) => row.pool);
}
