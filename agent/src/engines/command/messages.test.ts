import { expect, test } from "vitest";
import { parseLine } from "./messages.ts";

test.each([
  ['{"type":"progress","step":3,"totalSteps":20}', { type: "progress", step: 3, totalSteps: 20, phase: "sampling" }],
  ['{"type":"preview","file":"now.png","more":1}', { type: "preview", file: "now.png" }],
  ['{"type":"result","files":["0.png"]}', { type: "result", files: ["0.png"], notes: [] }],
  ['{"type":"failure","message":"no"}', { type: "failure", error: "INTERNAL", message: "no", retryable: true }],
])("%s", (line, message) => {
  expect(parseLine(line)).toEqual({ kind: "message", message });
});

test.each([
  ["Loading model...", 'no JSON object with a "type"', false],
  ['{"step":1}', 'no JSON object with a "type"', false],
  ['{"type":"hello"}', "no such type: hello", false],
  ['{"type":"progress","step":-1,"totalSteps":2}', "progress.step", false],
  ['{"type":"preview","file":"../x.png"}', "preview.file: must be the name of a file in the output folder", false],
  ['{"type":"result","files":["/etc/passwd"]}', "result.files.0: must be the name of a file in the output folder", true],
  ['{"type":"result"}', "result.files", true],
  ['{"type":"failure","message":"no","error":"ODD"}', "failure.error", true],
])("%s is wrong, and why", (line, reason, isEnd) => {
  expect(parseLine(line)).toMatchObject({ kind: "wrong", isEnd, reason: expect.stringContaining(reason) });
});

test("an empty line says nothing", () => {
  expect(parseLine(" ")).toBeNull();
});
