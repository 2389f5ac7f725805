import { expect, test } from "vitest";
import { encodeFrame } from "./frame.ts";

test("writes a frame with the length of its body in bytes", () => {
  expect(encodeFrame("1.2", "MESSAGE", { destination: "/a" }, "猫")).toBe("MESSAGE\ndestination:/a\ncontent-length:3\n\n猫\0");
});

test("leaves out headers that are undefined", () => {
  expect(encodeFrame("1.2", "RECEIPT", { a: undefined, "receipt-id": "1" })).toBe("RECEIPT\nreceipt-id:1\n\n\0");
});

test.each([
  ["1.2", "a:a\\cb\\\\c\\nd\\re f"],
  ["1.1", "a:a\\cb\\\\c\\nd e f"],
  ["1.0", "a:a:b\\c d e f"],
] as const)("escapes header values as %s can, and lets nothing out that ends a header", (version, line) => {
  expect(encodeFrame(version, "MESSAGE", { a: "a:b\\c\nd\re\0f" })).toBe(`MESSAGE\n${line}\n\n\0`);
});

test("does not escape CONNECTED, which clients of 1.0 must be able to read", () => {
  expect(encodeFrame("1.2", "CONNECTED", { "user-name": "a:b\\c\nd" })).toBe("CONNECTED\nuser-name:a:b\\c d\n\n\0");
});
