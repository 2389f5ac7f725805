import { expect, test } from "vitest";
import { wantsColour } from "./paint.ts";
import { wantsView } from "./wants-view.ts";

test.each([
  [true, true, {}],
  [true, true, { TERM: "xterm-256color", NO_COLOR: "", CI: "" }],
  [false, false, {}],
  [true, true, { NO_COLOR: "1" }],
  [false, true, { CI: "true" }],
  [false, true, { TERM: "dumb" }],
])("redraws (%s) on a terminal (%s) with %j", (isWanted, isTerminal, env) => {
  expect(wantsView(isTerminal, env)).toBe(isWanted);
});

test.each([
  [true, true, {}],
  [true, true, { NO_COLOR: "", CI: "true" }],
  [false, true, { NO_COLOR: "1" }],
  [false, true, { TERM: "dumb" }],
  [false, false, {}],
])("paints (%s) on a terminal (%s) with %j", (isWanted, isTerminal, env) => {
  expect(wantsColour(isTerminal, env)).toBe(isWanted);
});
