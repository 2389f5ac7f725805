import { expect, test } from "vitest";
import { aTask } from "../testing/builders.ts";
import { classOf, lineKey, NO_LEVELS, parseLineKey, UNLIMITED } from "./requirement.ts";

test.each([
  ["plain", {}],
  ["with features", { features: ["pose:DEPTH", "pose:CANNY"] }],
  ["with memory", { memoryBytes: 24 * 2 ** 30, features: ["pose:DEPTH"] }],
  ["of a model that is called strangely", { model: "a|b/1|c\nd" }],
])("a class's name can be read back: %s", (_, over) => {
  const line = classOf(aTask(over), NO_LEVELS);
  expect(parseLineKey(lineKey(line))).toEqual(line);
});

test("names that were stored before memory counted still mean their class, and are still given to it", () => {
  const stored = `TEXT2IMG|1048576|${UNLIMITED}|pose:DEPTH|scene`;
  const line = parseLineKey(stored);
  expect(line).toEqual({
    type: "TEXT2IMG",
    model: "scene",
    pixels: 1_048_576,
    frames: UNLIMITED,
    features: ["pose:DEPTH"],
    memoryBytes: 0,
  });
  expect(lineKey(line)).toBe(stored);
});
