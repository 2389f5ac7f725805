import { expect, test } from "vitest";
import { choicesOf, parseObjectInfo } from "./object-info.ts";
import { parsePythonJson } from "./python-json.ts";

test.each([
  ['{"max": Infinity, "min": -Infinity, "is": NaN, "step": 0.5}', { max: null, min: null, is: null, step: 0.5 }],
  [String.raw`["NaN", "say \"Infinity\"", "\\", NaN]`, ["NaN", 'say "Infinity"', "\\", null]],
  ['{"as": "ever"}', { as: "ever" }],
  ["null", null],
  ["Infinite", undefined],
  ["", undefined],
])("%s", (text, value) => {
  expect(parsePythonJson(text)).toEqual(value);
});

test("a node whose limit is infinite is read, and so are its neighbours", () => {
  const odd = '"Odd": {"input": {"required": {"x": ["FLOAT", {"default": 0.5, "min": -Infinity, "max": Infinity}]}}}';
  const classes = parseObjectInfo(parsePythonJson(`{${odd}, "Loader": {"input": {"required": {"file": [["a", "b"], {}]}}}}`));
  expect(classes.get("Odd")?.inputs.get("x")).toMatchObject({ default: 0.5, takes: { kind: "number", min: -Infinity, max: Infinity } });
  expect(choicesOf(classes, "Loader", "file")).toEqual(["a", "b"]);
});
