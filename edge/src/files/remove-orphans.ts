import type { Results } from "./orphan-store.ts";

/** Older than any attempt that may still complete: its deadline is minutes, an edge that takes no results is mended in hours. */
const GRACE_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** Folders begin with this many random hex digits; one part of them is looked at in a minute, all of them in three days. */
const DIGITS = 3;
const PARTS = 16 ** DIGITS;

/** The beginning of the folders whose turn it is in that minute. */
export const partOf = (now: number): string => (Math.floor(now / MINUTE_MS) % PARTS).toString(16).padStart(DIGITS, "0");

/**
 * Removes result files that belong to no task: of an upload that came to its end when nobody could clean up after it any more.
 * @param part which folders to look at: those that begin so
 */
export async function removeOrphans(store: Results, part: string, now: number): Promise<void> {
  for await (const files of store.listResults(part)) {
    const old = files.filter(({ uploadedAt }) => uploadedAt < now - GRACE_MS).map(({ key }) => key);
    if (old.length === 0) continue;
    const named = await store.namesOf(old);
    await store.removeFiles(old.filter((key) => !named.has(key)));
  }
}
