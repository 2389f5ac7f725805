/** Agents whose key an admin trusts serve everybody; all others serve their owner alone (decisions, "agent-keys"). */
export const PUBLIC_POOL = "public";
export const ownerPool = (userId: number): string => `owner-${userId}`;

/** The pool that agents with this key work for. */
export const poolOfKey = (key: { userId: number; trusted: boolean }): string => (key.trusted ? PUBLIC_POOL : ownerPool(key.userId));

/** Name of the Dispatcher object of a pool's shard; one shard per pool so far. */
export const dispatcherName = (pool: string, shard = 0): string => `${pool}#${shard}`;
