import { expect, test } from "vitest";
import { Lines } from "./lines.ts";

const TEXT = '{"a":1}\r\n\n雪\nlast';

test("lines come out whole wherever the stream is cut", () => {
  const bytes = Buffer.from(TEXT);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const lines = new Lines(100);
    const whole = [...lines.push(bytes.subarray(0, cut)), ...lines.push(bytes.subarray(cut))];
    expect([...whole, lines.end()]).toEqual(['{"a":1}', "", "雪", "last"]);
    expect(lines.end()).toBeUndefined();
  }
});

test("a line that is too long is not kept, and the next one is read", () => {
  const lines = new Lines(4);
  expect(lines.push(Buffer.from("12"))).toEqual([]);
  expect(lines.push(Buffer.from("345"))).toEqual([]);
  expect(lines.push(Buffer.from("6\nab\n12345"))).toEqual([null, "ab"]);
  expect(lines.end()).toBeNull();
});
