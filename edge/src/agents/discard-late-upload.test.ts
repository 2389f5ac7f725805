import { expect, test } from "vitest";
import { discardLateUpload } from "./discard-late-upload.ts";

test.each([
  ["one that was given away", { outcome: "LOST" }, ["results/x/"]],
  ["one that was never recorded", null, ["results/x/"]],
  ["one that may still complete", { outcome: null }, []],
  ["one that completed", { outcome: "COMPLETED" }, []],
])("the files of %s: %o -> removed %o", async (_which, attempt, removed) => {
  const gone: string[] = [];
  const files = { removeAll: async (folder: string) => void gone.push(folder) };
  await discardLateUpload({ findAttempt: async () => attempt, files }, "attempt-1", "results/x/");
  expect(gone).toEqual(removed);
});
