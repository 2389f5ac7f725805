import { describe, expect, test } from "vitest";
import { AppError, type ErrorName, ERRORS, isErrorName } from "./errors.ts";

const NAMES = Object.keys(ERRORS).filter(isErrorName);

describe("the table of errors", () => {
  test("has a row for every code of the document's chapter 9, and no code twice", () => {
    const codes = NAMES.map((name) => ERRORS[name].code);
    const documented = [400, 401, 403, 404, 429, 500, 502, 503, ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `E00${n}`)];
    expect(codes.map(String).toSorted()).toEqual(documented.map(String).toSorted());
  });

  test("knows its own names, and nothing of objects in general", () => {
    expect(isErrorName("QUEUE_FULL")).toBe(true);
    expect(["E003", "", "constructor", "toString"].filter(isErrorName)).toEqual([]);
  });
});

describe("an error", () => {
  test("says what its row says, unless the thrower knows better", () => {
    expect(new AppError("QUEUE_FULL")).toMatchObject({ text: { zh: "任务队列已满" }, retryAfterSeconds: 10, issues: undefined });
    const cause = new Error("why");
    const text = { zh: "忙", en: "busy" };
    const error = new AppError("QUEUE_FULL", { text, retryAfterSeconds: 1, cause });
    expect(error).toMatchObject({ text, retryAfterSeconds: 1, cause, message: "QUEUE_FULL: busy" });
  });

  test.each(NAMES)("has both languages: %s", (name: ErrorName) => {
    const { text } = new AppError(name);
    expect([text.zh.length > 0, text.en.length > 0]).toEqual([true, true]);
  });
});
