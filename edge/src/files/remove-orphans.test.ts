import { describe, expect, test } from "vitest";
import type { Results } from "./orphan-store.ts";
import { partOf, removeOrphans } from "./remove-orphans.ts";

const HOUR_MS = 3_600_000;
const NOW = 100 * HOUR_MS;

/** A store with these files, in pages of two. */
function aStore(files: Record<string, number>, named: string[]): Results & { kept: () => string[] } {
  const stored = new Map(Object.entries(files));
  return {
    async *listResults(part) {
      const keys = [...stored.keys()].filter((key) => key.startsWith(`results/${part}`));
      for (let i = 0; i < keys.length; i += 2) yield keys.slice(i, i + 2).map((key) => ({ key, uploadedAt: stored.get(key) ?? 0 }));
    },
    namesOf: async () => new Set(named),
    removeFiles: async (keys) => keys.forEach((key) => stored.delete(key)),
    kept: () => [...stored.keys()],
  };
}

describe("result files that belong to nothing", () => {
  test("are removed once nobody can be about to claim them, and no others are", async () => {
    const store = aStore(
      {
        "results/abc0/0.png": NOW - 25 * HOUR_MS,
        "results/abc0/0_thumb.webp": NOW - 25 * HOUR_MS,
        "results/abc1/0.png": NOW - 25 * HOUR_MS,
        "results/abc1/0_thumb.webp": NOW - 25 * HOUR_MS,
        "results/abc2/0.png": NOW - 23 * HOUR_MS,
        "results/abd0/0.png": NOW - 25 * HOUR_MS,
      },
      ["results/abc0/0.png", "results/abc0/0_thumb.webp"],
    );
    await removeOrphans(store, "abc", NOW);
    expect(store.kept()).toEqual(["results/abc0/0.png", "results/abc0/0_thumb.webp", "results/abc2/0.png", "results/abd0/0.png"]);
  });

  test("have their turn whatever their folder begins with: all parts come up, minute by minute", () => {
    const parts = Array.from({ length: 4096 }, (_, minute) => partOf(NOW + minute * 60_000));
    expect(new Set(parts).size).toBe(4096);
    expect(parts.every((part) => /^[0-9a-f]{3}$/.test(part))).toBe(true);
    expect(partOf(NOW + 59_999)).toBe(partOf(NOW));
  });
});
