import { expect, test } from "vitest";
import { closeFrame, decodeMessages, messagesFrame } from "./frames.ts";

/** What the protocol's suite asks of servers, beyond ASCII (SockJS 0.3.3, "JSON Unicode Encoding"). */
const MUST_BE_ESCAPED = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/;
const ALL = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

test("writes every character that a browser would mangle as an escape", () => {
  const mangled = ALL.slice(255).filter((char) => MUST_BE_ESCAPED.test(char));
  const escapes = mangled.map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  expect(messagesFrame([mangled.join("")])).toBe(`a["${escapes.join("")}"]`);
});

test("gives back every character of UTF-16, lone surrogates too", () => {
  for (const text of [ALL.join(""), "\ud83d\ude3a", "\ud83d", "50% \u0000\r\n\"\\'<>"]) {
    const frame = messagesFrame([text]);
    expect(frame.slice(0, 1)).toBe("a");
    expect(decodeMessages(frame.slice(1))).toEqual([text]);
    expect(frame).not.toMatch(/\p{Cc}(?<![\u007f-\u009f])/u);
  }
});

test("puts several messages into one frame, in order", () => {
  expect(messagesFrame(["x", "y"])).toBe('a["x","y"]');
  expect(closeFrame(3000, "Go away!")).toBe('c[3000,"Go away!"]');
});

test("takes an array of texts, or one", () => {
  expect(decodeMessages('["a","b"]')).toEqual(["a", "b"]);
  expect(decodeMessages('"a"')).toEqual(["a"]);
  expect(decodeMessages("[]")).toEqual([]);
});

test.each(["", '["a', "[1]", '["a",null]', '{"0":"a"}', "1", "null", "a"])("takes %j for no messages", (text) => {
  expect(decodeMessages(text)).toBeNull();
});
