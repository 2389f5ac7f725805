import { inArray, lt, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { throttles } from "../db/schema.ts";
import type { Bucket } from "./login-throttle.ts";

export interface ThrottleStore {
  /** When each of these buckets is full again; the full ones are left out. */
  readThrottles(keys: string[]): Promise<Map<string, number>>;
  /** Takes one try from each bucket, or from none; false when one of them is empty. */
  takeTries(buckets: readonly Bucket[], now: number): Promise<boolean>;
  giveBackTries(buckets: readonly Bucket[]): Promise<void>;
  /** Forgets the buckets that are full again. */
  dropFullThrottles(now: number): Promise<void>;
}

export function createThrottleStore(db: Database): ThrottleStore {
  async function giveBack(buckets: readonly Bucket[]): Promise<void> {
    const [first, ...rest] = buckets.map(({ key, rate }) =>
      db
        .update(throttles)
        .set({ fullAt: sql`${throttles.fullAt} - ${rate.refillMs}` })
        .where(sql`${throttles.key} = ${key}`),
    );
    if (first) await db.batch([first, ...rest]);
  }

  return {
    async readThrottles(keys) {
      const rows = await db.select().from(throttles).where(inArray(throttles.key, keys));
      return new Map(rows.map(({ key, fullAt }) => [key, fullAt]));
    },
    async takeTries(buckets, now) {
      // Two that arrive together must not both have the last try, so the same rule as `take` decides inside the statement.
      const [first, ...rest] = buckets.map(({ key, rate: { capacity, refillMs } }) => {
        const next = sql`max(${throttles.fullAt}, ${now}) + ${refillMs}`;
        return db
          .insert(throttles)
          .values({ key, fullAt: now + refillMs })
          .onConflictDoUpdate({ target: throttles.key, set: { fullAt: next }, setWhere: sql`${next} - ${now} <= ${capacity * refillMs}` })
          .returning({ key: throttles.key });
      });
      if (!first) return true;
      const taken = new Set((await db.batch([first, ...rest])).flat().map(({ key }) => key));
      if (taken.size === buckets.length) return true;
      await giveBack(buckets.filter(({ key }) => taken.has(key)));
      return false;
    },
    giveBackTries: giveBack,
    async dropFullThrottles(now) {
      await db.delete(throttles).where(lt(throttles.fullAt, now));
    },
  };
}
