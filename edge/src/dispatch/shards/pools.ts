/** Agents whose key an admin trusts serve everybody; all others serve their owner alone (decisions, "agent-keys"). */
export const PUBLIC_POOL = "public";
export const ownerPool = (userId: number): string => `owner-${userId}`;

/** Whose own pool that is; null for the public one. */
export function ownerOf(pool: string): number | null {
  const owner = /^owner-(\d+)$/.exec(pool)?.[1];
  return owner === undefined ? null : Number(owner);
}

/** The pool that agents with this key work for. */
export const poolOfKey = (key: { userId: number; trusted: boolean }): string => (key.trusted ? PUBLIC_POOL : ownerPool(key.userId));

/** A pool's part with a queue and agents of its own. Fairness, caps and positions are those of a shard. */
export interface Shard {
  pool: string;
  shard: number;
}

/** Name of the shard's Dispatcher object. */
export const dispatcherName = ({ pool, shard }: Shard): string => `${pool}#${shard}`;

export const isSameShard = (a: Shard, b: Shard): boolean => dispatcherName(a) === dispatcherName(b);

/** How many shards each pool has; one where nothing is said. */
export type ShardCounts = ReadonlyMap<string, number>;

export const countShards = (counts: ShardCounts, pool: string): number => counts.get(pool) ?? 1;

export const shardsOf = (counts: ShardCounts, pool: string): Shard[] =>
  Array.from({ length: countShards(counts, pool) }, (_, shard) => ({ pool, shard }));

/** Where an agent connects: spread by its id, the same one each time while the pool has as many shards. */
export const shardOfAgent = (counts: ShardCounts, pool: string, agentId: string): Shard => ({
  pool,
  shard: hashOf(agentId) % countShards(counts, pool),
});

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
