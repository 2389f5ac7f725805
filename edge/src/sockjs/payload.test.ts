import { expect, test } from "vitest";
import { readBody, readPayload, readSocketMessage } from "./payload.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

test("a body is read whole, however it was cut, up to a mebibyte", async () => {
  const bytes = bytesOf("猫🐱");
  expect(await readBody(streamOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))))).toBe("猫🐱");
  expect(await readBody(null)).toBe("");
  expect(await readBody(streamOf(new Uint8Array(1024 * 1024)))).toHaveLength(1024 * 1024);
  expect(await readBody(streamOf(new Uint8Array(1024 * 1024), Uint8Array.of(1)))).toBeNull();
});

test("messages are pieces of one stream, in order", () => {
  expect(readPayload("xhr_send", null, '["SE","ND",""]')).toEqual({ chunk: "SEND" });
  expect(readPayload("jsonp_send", "Application/X-WWW-Form-URLencoded; charset=utf-8", "d=%5B%22a+b%22%5D")).toEqual({ chunk: "a b" });
  expect(readPayload("jsonp_send", "text/plain", '["%61"]')).toEqual({ chunk: "%61" });
  // Half a character ends one message and begins the next.
  expect(readSocketMessage("sockjs", '["\\ud83d","\\ude3a"]')).toEqual({ chunk: "😺" });
});

test("a message on a bare socket is taken as it is, and one in a frame is unpacked", () => {
  expect(readSocketMessage("raw", "[]")).toEqual({ chunk: "[]" });
  expect(readSocketMessage("raw", bytesOf("é").slice().buffer)).toEqual({ chunk: bytesOf("é") });
  expect(readSocketMessage("sockjs", bytesOf('["é"]').slice().buffer)).toEqual({ chunk: "é" });
  expect([readSocketMessage("sockjs", ""), readSocketMessage("sockjs", "[]")]).toEqual([{ chunk: "" }, { chunk: "" }]);
});

test.each(["raw", "sockjs"] as const)("what is too large or broken closes a %s socket", (framing) => {
  expect(readSocketMessage(framing, "x".repeat(1024 * 1024 + 1))).toEqual({ code: 1009, problem: "Message too large." });
  expect(readSocketMessage(framing, new ArrayBuffer(1024 * 1024 + 1))).toEqual({ code: 1009, problem: "Message too large." });
  expect(readSocketMessage("sockjs", '["a')).toEqual({ code: 1002, problem: "Broken JSON encoding." });
});
