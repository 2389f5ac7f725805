import { expect, test } from "vitest";
import { Previews } from "./previews.ts";

function aPicture(byte: number) {
  return { bytes: Uint8Array.of(byte), contentType: "image/png" };
}

function somePreviews() {
  let tokens = 0;
  return new Previews(() => `token-${(tokens += 1)}`);
}

test("only the newest is kept, under an address that changes with each", () => {
  const previews = somePreviews();
  expect(previews.pathOf("t")).toBeNull();
  previews.put("t", aPicture(1), 0);
  expect(previews.pathOf("t")).toBe("token-1/1");
  previews.put("t", aPicture(2), 1000);
  expect(previews.pathOf("t")).toBe("token-1/2");
  expect(previews.find("token-1")).toMatchObject(aPicture(2));
  expect(previews.find("token-2")).toBeNull();
});

test("one a second is taken of each task", () => {
  const previews = somePreviews();
  expect([0, 500, 1000].map((now) => previews.put("t", aPicture(now), now))).toEqual([true, false, true]);
  expect(previews.put("other", aPicture(1), 1001)).toBe(true);
});

test("none is left of a task that has ended, nor of the stalest when there are too many", () => {
  const previews = somePreviews();
  previews.put("t", aPicture(1), 0);
  previews.forget("t");
  expect([previews.pathOf("t"), previews.find("token-1")]).toEqual([null, null]);
  for (let task = 0; task <= 50; task += 1) previews.put(`${task}`, aPicture(1), 0);
  expect([previews.pathOf("0"), previews.pathOf("1")]).toEqual([null, "token-3/1"]);
});
