import type { ShardSummary } from "./shard-summary.ts";

/** A task's choice of a shard may be this much behind. */
const FRESH_MS = 1_000;

/** The newest summaries of pools with several shards, of one isolate: read at most once a second for all tasks. */
export class ShardSummaries {
  readonly #known = new Map<string, { readAt: number; summaries: Promise<ShardSummary[]> }>();

  /** @param read asks the pool's Dispatchers; a failure is the caller's, and not remembered. */
  of(pool: string, now: number, read: () => Promise<ShardSummary[]>): Promise<ShardSummary[]> {
    const known = this.#known.get(pool);
    if (known && now - known.readAt < FRESH_MS) return known.summaries;
    const summaries = read();
    this.#known.set(pool, { readAt: now, summaries });
    summaries.catch(() => this.#known.delete(pool));
    return summaries;
  }
}
