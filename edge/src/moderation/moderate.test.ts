import { AppError } from "@star-graph/shared/errors";
import { describe, expect, test } from "vitest";
import { createRemoteClassifier } from "./classifier.ts";
import { createModeration, type ModerationDeps } from "./moderate.ts";
import { WordCache } from "./word-cache.ts";
import { createWordMatcher } from "./word-matcher.ts";

const find = createWordMatcher(["血腥暴力", "賭博", "Ass", "naïve word", "  ", "𠮷野家"]);

describe("a blocked word", () => {
  test.each([
    ["as it is written", "一张血腥暴力的照片", "血腥暴力"],
    ["with invisible characters in it", "血\u200b腥\ufeff暴\u00ad力", "血腥暴力"],
    ["in traditional characters when it was listed in simplified ones, and the other way round", "赌博", "賭博"],
    ["in full width and another case", "ＡＳＳ", "Ass"],
    ["composed in another way", "nai\u0308ve WORD", "naïve word"],
    ["with variation selectors", "a\ufe0fs\ufe0fs\ufe0f", "Ass"],
    ["outside the basic plane", "在𠮷野家吃饭", "𠮷野家"],
    ["between other characters", "中ass文", "Ass"],
    ["at a text's ends", "ass", "Ass"],
    ["next to punctuation", "(ass)", "Ass"],
  ])("is found %s", (_how, text, word) => {
    expect(find(text)).toBe(word);
  });

  test.each(["a class of glass", "assassin", "ass1", "assé", "血腥", "暴力血腥", "", "野家"])("is not found in %j", (text) => {
    expect(find(text)).toBeNull();
  });

  test("is never found by an empty list, and a long text costs no more than its length", () => {
    expect(createWordMatcher([])("anything")).toBeNull();
    const hostile = createWordMatcher(["a".repeat(200), "b"]);
    expect(hostile("a ".repeat(2000))).toBeNull();
  });
});

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
