import { expect, test } from "vitest";
import { parseCommandLine } from "../config/command-line.ts";
import { pause } from "./tell.ts";

test.each([
  ["ever", "--for must be a time such as 30s, 5m, 2h or 1h30m"],
  ["367d", "--for must be a year at most; without it the pause has no end"],
  ["100000000d", "--for must be a year at most; without it the pause has no end"],
])("a pause for %s is refused", (time, message) => {
  expect(() => pause(parseCommandLine(["pause", "--for", time]))).toThrow(message);
});
