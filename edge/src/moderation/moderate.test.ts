import { AppError } from "@star-graph/shared/errors";
import { describe, expect, test } from "vitest";
import { createRemoteClassifier } from "./classifier.ts";
import { createModeration, type ModerationDeps } from "./moderate.ts";
import { WordCache } from "./word-cache.ts";

/** A moderation whose list and clock the test moves. */
function surroundings(over: Partial<ModerationDeps> = {}) {
  const world = { words: ["bad"], reads: 0, now: 1_000_000 };
  const cache = new WordCache();
  const moderation = createModeration({
    async listWords() {
      world.reads++;
      return world.words;
    },
    words: cache,
    classifier: null,
    now: () => world.now,
    ...over,
  });
  return { world, cache, judge: (...texts: string[]) => verdict(moderation.moderate({ texts })), moderation };
}

async function verdict(judged: Promise<void>): Promise<string> {
  const error: unknown = await judged.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (error === null) return "passed";
  return error instanceof AppError ? error.errorName : error instanceof Error ? error.message : "something else";
}

describe("moderation", () => {
  test("refuses any text that holds a blocked word, and says no word of which", async () => {
    const { judge, moderation } = surroundings();
    expect(await judge("a cat", "so bad")).toBe("SENSITIVE_CONTENT");
    expect(await judge("a cat", "")).toBe("passed");
    await expect(moderation.moderate({ texts: ["bad"] })).rejects.not.toThrow(/bad/);
  });

  test("reads the list again when it is ten seconds old, or was changed here", async () => {
    const { world, cache, judge } = surroundings();
    await judge("worse");
    world.words = ["worse"];
    expect(await judge("worse")).toBe("passed");
    world.now += 10_000;
    expect(await judge("worse")).toBe("SENSITIVE_CONTENT");
    world.words = ["worst"];
    cache.forget();
    expect(await judge("worst")).toBe("SENSITIVE_CONTENT");
    expect(world.reads).toBe(3);
  });

  test("asks a list that could not be read again at the next request", async () => {
    let isDown = true;
    const listWords = async () => {
      if (isDown) throw new Error("D1 is down");
      return ["bad"];
    };
    const { judge } = surroundings({ listWords });
    expect(await judge("bad")).toBe("D1 is down");
    isDown = false;
    expect(await judge("bad")).toBe("SENSITIVE_CONTENT");
  });

  test("asks the classifier about texts and picture, and lets nothing pass without its word", async () => {
    const asked: unknown[] = [];
    const answers = [Response.json({ allowed: true }), Response.json({ allowed: false }), new Response("", { status: 500 })];
    const fetch: Parameters<typeof createRemoteClassifier>[1] = async (url, init) => {
      asked.push(await new Request(url, init).json());
      return answers.shift() ?? Response.json({ nothing: "useful" });
    };
    const { moderation } = surroundings({ classifier: createRemoteClassifier("https://judge.test", fetch) });
    const content = { texts: ["a cat"], picture: { bytes: Uint8Array.of(1, 2, 3), contentType: "image/png" } };
    const verdicts = [];
    for (let n = 0; n < 4; n++) verdicts.push(await verdict(moderation.moderate(content)));
    expect(verdicts).toEqual(["passed", "SENSITIVE_CONTENT", "UNAVAILABLE", "UNAVAILABLE"]);
    expect(asked[0]).toEqual({ texts: ["a cat"], picture: { contentType: "image/png", base64: "AQID" } });
  });
});
