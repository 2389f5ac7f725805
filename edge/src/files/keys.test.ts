import { expect, test } from "vitest";
import { fileName, resultFolder, thumbnailName } from "./keys.ts";

test("an attempt's folder is always the same, its own, and not to be guessed without the secret", async () => {
  const folder = await resultFolder("secret", "attempt-1");
  expect(folder).toMatch(/^results\/[0-9a-f]{32}\/$/);
  expect(await resultFolder("secret", "attempt-1")).toBe(folder);
  expect(await resultFolder("secret", "attempt-2")).not.toBe(folder);
  expect(await resultFolder("other", "attempt-1")).not.toBe(folder);
});

test("a file and its thumbnail have names of their own", () => {
  expect([fileName(3, "png"), thumbnailName(3, "webp")]).toEqual(["3.png", "3_thumb.webp"]);
});
