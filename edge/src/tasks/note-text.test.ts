import { expect, test } from "vitest";
import { noteIn } from "./note-text.ts";

test.each([
  ["该模型不使用提示词 (this model does not use the prompt)", "该模型不使用提示词", "this model does not use the prompt"],
  ["未识别的词：猫 (words not understood: 猫)", "未识别的词：猫", "words not understood: 猫"],
  ["未识别的词：a (b) (words not understood: a (b))", "未识别的词：a (b)", "words not understood: a (b)"],
  ["模型 X (v1.0) 代为执行 (X (v1.0) stood in)", "模型 X (v1.0) 代为执行", "X (v1.0) stood in"],
])("a note in both languages is said in the one that is asked for: %s", (note, zh, en) => {
  expect([noteIn(note, "zh"), noteIn(note, "en")]).toEqual([zh, en]);
});

test.each([
  "drawn by a test",
  "n",
  "",
  ")",
  "模型 (1)",
  "只有中文",
  "no Chinese (here)",
  "中文(no space)",
  "未识别的词：b) (words not understood: b))",
])("a note of another form stays as it is: %j", (note) => {
  expect([noteIn(note, "zh"), noteIn(note, "en")]).toEqual([note, note]);
});
