import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InputFile } from "@star-graph/shared/agent-protocol";
import { expect, onTestFinished, test } from "vitest";
import { filesToDrop, InputCache } from "./input-cache.ts";

const HOUR_MS = 3_600_000;

async function aCache(maxBytes = 10) {
  const folder = await mkdtemp(join(tmpdir(), "stargraph-inputs-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = { nowMs: 1_000_000 };
  const kept = join(folder, "kept");
  const cache = new InputCache(kept, maxBytes, () => clock.nowMs);
  await cache.open();
  const target = join(folder, "input-image");
  const inputOf = (text: string): InputFile => ({
    name: "image",
    url: "https://edge.example/in",
    sha256: createHash("sha256").update(text).digest("hex"),
    size: text.length,
  });
  return {
    cache,
    clock,
    kept,
    target,
    inputOf,
    keep: async (text: string) => {
      const source = join(folder, "fetched");
      await writeFile(source, text);
      await cache.keep(inputOf(text), source);
      clock.nowMs += 1000;
    },
    take: async (text: string) => {
      const isTaken = await cache.take(inputOf(text), target);
      clock.nowMs += 1000;
      return isTaken && (await readFile(target, "utf8"));
    },
  };
}

test("a picture that was kept is taken by its hash, as a copy of its own", async () => {
  const { keep, take, target } = await aCache();
  expect(await take("cat")).toBe(false);
  await keep("cat");
  expect(await take("cat")).toBe("cat");
  await writeFile(target, "spoilt by an engine");
  expect(await take("cat")).toBe("cat");
});

test("a picture that is no longer what its hash says is dropped, not used", async () => {
  const { keep, take, kept, inputOf } = await aCache();
  await keep("cat");
  await writeFile(join(kept, inputOf("cat").sha256), "dog");
  expect(await take("cat")).toBe(false);
  expect(await readdir(kept)).toEqual([]);
});

test("what was used least lately makes room", async () => {
  const { keep, take } = await aCache(9);
  await keep("one");
  await keep("two");
  await keep("six");
  expect(await take("one")).toBe("one");
  await keep("ten");
  expect(await take("two")).toBe(false);
  expect([await take("one"), await take("six"), await take("ten")]).toEqual(["one", "six", "ten"]);
});

test("what is larger than the whole cache is not kept, and takes nothing's place", async () => {
  const { keep, take } = await aCache(5);
  await keep("one");
  await keep("too large");
  expect([await take("too large"), await take("one")]).toEqual([false, "one"]);
});

test("a size of nothing switches it off, and drops what was kept before", async () => {
  const { keep, kept, clock, inputOf, target } = await aCache();
  await keep("cat");
  const off = new InputCache(kept, 0, () => clock.nowMs);
  await off.open();
  expect(await readdir(kept)).toEqual([]);
  await keep("cat");
  expect(await off.take(inputOf("cat"), target)).toBe(false);
});

test("a start removes what a crash left half written, and nothing that its owner has there", async () => {
  const { cache, kept, keep, inputOf } = await aCache(3);
  await keep("cat");
  await writeFile(join(kept, `${inputOf("dog").sha256}.1.tmp`), "d");
  await writeFile(join(kept, "holiday.jpg"), "larger than the cache");
  await mkdir(join(kept, "holiday"));
  await cache.open();
  expect((await readdir(kept)).toSorted()).toEqual([inputOf("cat").sha256, "holiday", "holiday.jpg"].toSorted());
});

test("nothing stays for more than a day after its last use", () => {
  const file = (name: string, usedAtMs: number) => ({ name, bytes: 1, usedAtMs });
  expect(filesToDrop([file("old", 0), file("new", HOUR_MS)], 100, 24 * HOUR_MS)).toEqual(["old"]);
});
