import { expect, test } from "vitest";
import { preferredLanguage } from "./text.ts";

test.each([
  [undefined, "zh"],
  [null, "zh"],
  ["", "zh"],
  ["*", "zh"],
  ["fr, de", "zh"],
  ["en", "en"],
  ["EN-us", "en"],
  ["en-GB,en;q=0.9", "en"],
  ["zh-CN,zh;q=0.9,en;q=0.8", "zh"],
  ["en;q=0.8, zh;q=0.9", "zh"],
  ["en;q=0.9, zh;q=0.8", "en"],
  ["en, zh", "en"],
  ["zh, en", "zh"],
  ["fr, en;q=0.1", "en"],
  ["en;q=0", "zh"],
  ["en ; q=0.9, zh ; q=0.8", "en"],
  ["english", "zh"],
  ["en;q=nonsense", "zh"],
] as const)("answers %j in %s", (header, language) => {
  expect(preferredLanguage(header)).toBe(language);
});
