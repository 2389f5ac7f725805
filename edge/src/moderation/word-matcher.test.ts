import { describe, expect, test } from "vitest";
import { createWordMatcher } from "./word-matcher.ts";

const LIST = [
  "血腥暴力",
  "賭博",
  "敏感",
  "色情",
  "Ass",
  "naïve word",
  "  ",
  "𠮷野家",
  "bomb",
  "hell",
  "penis",
  "cop",
  "бомба",
  "сор",
  "c++",
  "🔞",
];
const find = createWordMatcher(LIST);

describe("a blocked word", () => {
  test.each([
    ["as it is written", "一张血腥暴力的照片", "血腥暴力"],
    ["with invisible characters in it", "血\u200b腥\ufeff暴\u00ad力", "血腥暴力"],
    ["in traditional characters when it was listed in simplified ones, and the other way round", "赌博", "賭博"],
    ["in full width and another case", "ＡＳＳ", "Ass"],
    ["composed in another way", "nai\u0308ve WORD", "naïve word"],
    ["without the space that it has", "naïveword", "naïve word"],
    ["with variation selectors", "a\ufe0fs\ufe0fs\ufe0f", "Ass"],
    ["outside the basic plane", "在𠮷野家吃饭", "𠮷野家"],
    ["outside the basic plane, spaced out", "在 𠮷 野 家 吃饭", "𠮷野家"],
    ["between other characters", "中ass文", "Ass"],
    ["at a text's ends", "ass", "Ass"],
    ["next to punctuation", "(ass)", "Ass"],
    ["with accents that it has not", "b\u0301ömb\u0336", "bomb"],
    ["without the accents that it has", "naive word", "naïve word"],
    ["with accents on its characters", "敏\u0301感\u0308", "敏感"],
    ["with a sign in it", "b·omb", "bomb"],
    ["with a sign behind each letter", "a b.o.m.b here", "bomb"],
    ["with signs of any kind", "b*o_m~b", "bomb"],
    ["with a picture in it", "bo🔥mb", "bomb"],
    ["with a hyphen in it", "BO-MB", "bomb"],
    ["spaced out", "a b o m b here", "bomb"],
    ["spaced out in lines", "b\no\nm\nb", "bomb"],
    ["spaced out with signs", "b - o - m - b", "bomb"],
    ["spaced out, of Chinese characters", "很敏 感", "敏感"],
    ["spaced out inside a sentence, when it is long enough to be no accident", "这是血腥 暴力场面", "血腥暴力"],
    ["with signs between its Chinese characters", "敏*感", "敏感"],
    ["with full width spaces between its Chinese characters", "敏\u3000感", "敏感"],
    ["with a Cyrillic letter in it", "b\u043emb", "bomb"],
    ["in Cyrillic capitals that look like it", "\u0421\u041e\u0420", "cop"],
    ["with a Greek letter in it", "b\u03bfmb", "bomb"],
    ["in Greek capitals that look like it", "\u0397\u0395LL", "hell"],
    ["with a capital that looks like I", "pen\u0406s", "penis"],
    ["in letters of mathematics", "𝕓𝕠𝕞𝕓", "bomb"],
    ["in circles", "ⓑⓞⓜⓑ", "bomb"],
    ["in all disguises at once", "Ｂ-\u043e\u0301.\u200bM·b", "bomb"],
    ["of another script, as it is written", "тут бомба!", "бомба"],
    ["of another script that looks like Latin, as it is written", "выброси сор", "cop"],
    ["that ends in signs", "learn C++ now", "c++"],
    ["that is a picture", "🔞!", "🔞"],
  ])("is found %s", (_how, text, word) => {
    expect(find(text)).toBe(word);
  });

  test.each([
    "a class of glass",
    "assassin",
    "ass1",
    "assé",
    "血腥",
    "暴力血腥",
    "",
    "野家",
    // Parted words are not one.
    "the pen is mine",
    "pen, is",
    "pen/is",
    "he'll come",
    "he’ll come",
    "as small as it gets",
    "bom baker",
    "a bombard",
    "bomb4",
    "hello",
    "a s sheet of paper",
    // Nor are characters of two Chinese words, or of two clauses.
    "黄色 情人节",
    "一个黄色 情侣",
    "他很敏，感觉不到",
    "反应敏。感谢",
    // Other languages, and what only a part of looks like it.
    "сорок",
    "copyright",
    "бомбардировка",
    "Ελληνικά",
    "c",
    "c+",
  ])("is not found in %j", (text) => {
    expect(find(text)).toBeNull();
  });

  test("of another script is not looked for in Latin", () => {
    expect(createWordMatcher(["сор"])("a cop")).toBeNull();
    expect(createWordMatcher(["сор"])("выброси СОР")).toBe("сор");
  });

  test("is not found in words of a script whose marks make other letters", () => {
    const kana = createWordMatcher(["ハカ", "มา"]);
    expect([kana("バカ"), kana("ม้า"), kana("ハカ")]).toEqual([null, null, "ハカ"]);
  });

  test("is never found by an empty list, and a long text costs no more than its length", () => {
    expect(createWordMatcher([])("anything")).toBeNull();
    const hostile = createWordMatcher(["a".repeat(200), "b"]);
    expect(hostile("a ".repeat(150))).toBeNull();
    expect(hostile("a, ".repeat(2000))).toBe("a".repeat(200));
  });
});
