import { AppError } from "@star-graph/shared/errors";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { answerOnce } from "./answer-once.ts";
import { requestKey } from "./request-key.ts";

const Answer = z.object({ taskId: z.string() });
const REQUEST = { key: "k", item: 0, bodyHash: "hash" };

const nameOf = async (answer: Promise<unknown>) => {
  const error: unknown = await answer.catch((cause: unknown) => cause);
  return error instanceof AppError ? error.errorName : "answered";
};

describe("a request key", () => {
  test("is the same for the same body, however its fields are ordered, and another for another body or route", async () => {
    const keys = await Promise.all([
      requestKey("k", "/text2img", { a: 1, b: { c: [1, { d: 2, e: 3 }], f: null } }),
      requestKey("k", "/text2img", { b: { f: null, c: [1, { e: 3, d: 2 }] }, a: 1 }),
      requestKey("k", "/text2img", { a: 1, b: { c: [{ d: 2, e: 3 }, 1], f: null } }),
      requestKey("k", "/img2img", { a: 1, b: { c: [1, { d: 2, e: 3 }], f: null } }),
      requestKey("k", "/retry", undefined),
    ]);
    const hashes = keys.map((key) => key?.bodyHash);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
    expect(new Set(hashes).size).toBe(4);
  });

  test("is none without the header, and refused when it is none", async () => {
    expect(await requestKey(undefined, "/", {})).toBeNull();
    for (const header of ["", "a b", "é", "x".repeat(256)]) expect(await nameOf(requestKey(header, "/", {}))).toBe("BAD_REQUEST");
  });
});

describe("a repeated request", () => {
  test("is answered with the first answer, and does nothing", async () => {
    const deps = { findAnswer: async () => ({ bodyHash: "hash", answer: { taskId: "first" } }) };
    const once = await answerOnce(deps, 1, REQUEST, Answer, 0, async () => {
      throw new Error("worked");
    });
    expect(once).toEqual({ answer: { taskId: "first" }, isRepeat: true });
  });

  test("that lost the race is answered with the winner's answer", async () => {
    const found = [null, { bodyHash: "hash", answer: { taskId: "winner" } }];
    const deps = { findAnswer: async () => found.shift() ?? null };
    expect(await answerOnce(deps, 1, REQUEST, Answer, 0, async () => null)).toEqual({ answer: { taskId: "winner" }, isRepeat: true });
  });

  test("with another body is a bad request, before and after the race", async () => {
    const other = { bodyHash: "another", answer: {} };
    expect(await nameOf(answerOnce({ findAnswer: async () => other }, 1, REQUEST, Answer, 0, async () => null))).toBe("BAD_REQUEST");
    const found = [null, other];
    expect(await nameOf(answerOnce({ findAnswer: async () => found.shift() ?? null }, 1, REQUEST, Answer, 0, async () => null))).toBe(
      "BAD_REQUEST",
    );
  });

  test("without a key is no repeat", async () => {
    const deps = {
      findAnswer: async () => {
        throw new Error("asked");
      },
    };
    expect(await answerOnce(deps, 1, null, Answer, 0, async () => ({ taskId: "new" }))).toEqual({
      answer: { taskId: "new" },
      isRepeat: false,
    });
  });
});
