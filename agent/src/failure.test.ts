import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { EngineError } from "./engines/engine.ts";
import { toFailure } from "./failure.ts";

test("an engine's own words are told", () => {
  const error = new EngineError("MODEL_LOAD_FAILED", "no such model", { isRetryable: false });
  expect(toFailure("a1", error)).toMatchObject({ error: "MODEL_LOAD_FAILED", message: "no such model", retryable: false });
});

test("the owner's paths are not: of an error of the system its code is told, of any other nothing", async () => {
  const error: unknown = await readFile("/home/somebody/.stargraph-agent/nothing").catch((caught: unknown) => caught);
  expect(String(error)).toContain("/home/somebody");
  expect(toFailure("a1", error)).toMatchObject({ message: "Something went wrong in the agent (ENOENT)", retryable: true });
  expect(toFailure("a1", new Error("cannot read /home/somebody"))).toMatchObject({ message: "Something went wrong in the agent" });
});
