import { expect, test } from "vitest";
import { contentDigest, judgeStatus } from "./upload.ts";

test("the digest is RFC 9530's", () => {
  // Of the text "hello world".
  const hex = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
  expect(contentDigest(hex)).toBe("sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:");
});

test.each([
  ["stored", [200, 201, 204]],
  ["retry", [408, 425, 429, 500, 502, 503, 504]],
  ["given-away", [401, 403, 404, 409, 410]],
  ["unacceptable", [301, 400, 405, 411, 413, 415, 422]],
] as const)("%s: %j", (verdict, statuses) => {
  expect(statuses.map(judgeStatus)).toEqual(statuses.map(() => verdict));
});
