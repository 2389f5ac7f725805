import { and, eq, inArray, isNull } from "drizzle-orm";
import { type Config, parseConfig } from "../../config.ts";
import { type Database, openDatabase } from "../../db/client.ts";
import { agentKeys } from "../../db/schema.ts";
import { log } from "../../http/log.ts";
import { busyShards } from "../shards/busy-shards.ts";
import type { Destinations } from "./move-tasks.ts";
import { countShards, dispatcherName, isSameShard, ownerOf, PUBLIC_POOL, type Shard, shardsOf } from "../shards/pools.ts";
import type { ShardSummary } from "../shards/shard-summary.ts";

/** D1 binds at most 100 values in a query. */
const IDS_PER_QUERY = 90;

const dispatcher = (env: Cloudflare.Env, shard: Shard) => env.DISPATCHER.get(env.DISPATCHER.idFromName(dispatcherName(shard)));

/** Has every shard with live tasks compare its work list with D1. One shard's trouble does not keep the others waiting. */
export async function sweepPools(env: Cloudflare.Env): Promise<void> {
  const config = parseConfig(env);
  const db = openDatabase(env.DB);
  await sweepShards(env, config, db, await busyShards(db));
}

/** The same for one pool, at once: its agents have just left it. */
export async function sweepPool(env: Cloudflare.Env, pool: string): Promise<void> {
  const config = parseConfig(env);
  const db = openDatabase(env.DB);
  await sweepShards(
    env,
    config,
    db,
    (await busyShards(db)).filter((shard) => shard.pool === pool),
  );
}

async function sweepShards(env: Cloudflare.Env, { shards: counts }: Config, db: Database, busy: Shard[]): Promise<void> {
  const owners = await ownersWithPool(db, busy);
  const isClosed = ({ pool, shard }: Shard): boolean => {
    const owner = ownerOf(pool);
    return shard >= countShards(counts, pool) || (owner !== null && !owners.has(owner));
  };
  // Where tasks of a pool may go: its other shards; of an owner's pool that nobody serves any more, the public ones.
  const poolsToAsk = new Set(
    busy.flatMap((shard) =>
      isClosed(shard) && ownerOf(shard.pool) !== null
        ? [PUBLIC_POOL]
        : countShards(counts, shard.pool) > 1 || isClosed(shard)
          ? [shard.pool]
          : [],
    ),
  );
  const summaries = await readSummaries(
    env,
    [...poolsToAsk].flatMap((pool) => shardsOf(counts, pool)),
  );
  await Promise.all(
    busy.map(async (shard) => {
      const closed = isClosed(shard);
      const goal = closed && ownerOf(shard.pool) !== null ? PUBLIC_POOL : shard.pool;
      const targets = summaries.filter((summary) => summary.pool === goal && !isSameShard(summary, shard));
      const destinations: Destinations = { targets, isClosed: closed };
      try {
        await dispatcher(env, shard).sweep(shard, destinations);
      } catch (error) {
        log("error", "sweep failed", { ...shard, error: String(error) });
      }
    }),
  );
}

/** Owners among those of these pools who have a key for their own pool: one that counts, and is not trusted with the public one. */
async function ownersWithPool(db: Database, busy: readonly Shard[]): Promise<Set<number>> {
  const owners = [...new Set(busy.map(({ pool }) => ownerOf(pool)).filter((owner) => owner !== null))];
  const found = new Set<number>();
  for (let i = 0; i < owners.length; i += IDS_PER_QUERY) {
    const rows = await db
      .selectDistinct({ userId: agentKeys.userId })
      .from(agentKeys)
      .where(
        and(inArray(agentKeys.userId, owners.slice(i, i + IDS_PER_QUERY)), eq(agentKeys.trusted, false), isNull(agentKeys.revokeTime)),
      );
    for (const { userId } of rows) found.add(userId);
  }
  return found;
}

/** A shard that does not answer is no place to go. */
async function readSummaries(env: Cloudflare.Env, shards: Shard[]): Promise<ShardSummary[]> {
  const answers = await Promise.allSettled(shards.map((shard) => dispatcher(env, shard).summary(shard)));
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}
