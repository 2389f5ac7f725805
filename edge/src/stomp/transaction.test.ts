import { serialize } from "node:v8";
import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { describe, expect, test } from "vitest";
import type { StompVersion } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { CALLER, connected, errorThen, LEAVE } from "./testing/peer.ts";

const { progress, reply } = PUSH_DESTINATIONS;
const replyTo = (body: string) => ({ headers: { "correlation-id": "c" }, body });

describe("SEND", () => {
  test("is a request with its headers and body, in the name of who connected; its receipt comes with the answer", () => {
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: reply });
    peer.send("SEND", { destination: "/app/x", "correlation-id": "c", receipt: "r" }, "{}");
    const headers = { destination: "/app/x", "correlation-id": "c", receipt: "r" };
    const request = { destination: "/app/x", headers, body: "{}" };
    expect(peer.effects).toEqual([{ type: "request", caller: CALLER, request, receipt: "r" }]);
    expect(peer.on({ type: "replied", session: "s-1", replies: [replyTo('{"a":1}')], receipt: "r" }).seen).toEqual([
      {
        command: "MESSAGE",
        subscription: "s",
        "message-id": "1",
        destination: reply,
        "content-type": "application/json",
        "correlation-id": "c",
        "content-length": "7",
        body: '{"a":1}',
      },
      { command: "RECEIPT", "receipt-id": "r" },
    ]);
  });

  test("is answered by nothing but its receipt when nobody listens on the reply queue", () => {
    const peer = connected().on({ type: "replied", session: "s-1", replies: [replyTo("{}")], receipt: "r" });
    expect(peer.seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
    expect(peer.on({ type: "replied", session: "s-1", replies: [replyTo("{}")], receipt: null }).seen).toEqual([]);
  });

  test.each<[string, string, Record<string, string>]>([
    ["SEND needs a destination", "SEND", {}],
    ["This transaction has not begun", "SEND", { destination: "/app/x", transaction: "other" }],
    ["This transaction has not begun", "ACK", { id: "1", transaction: "other" }],
    ["This transaction has not begun", "COMMIT", { transaction: "other" }],
    ["This transaction has begun already", "BEGIN", { transaction: "t" }],
    ["BEGIN needs a transaction", "BEGIN", {}],
    ["COMMIT needs a transaction", "COMMIT", {}],
    ["ABORT needs a transaction", "ABORT", {}],
    ["ACK names no message", "ACK", { "message-id": "1", subscription: "s" }],
    ["NACK names no message", "NACK", {}],
    ["Unknown command", "MESSAGE", {}],
    ["Unknown command", "send", {}],
  ])("and its like are refused: %s (%s)", (message, command, headers) => {
    const peer = connected().send("BEGIN", { transaction: "t" });
    expect(peer.send(command, headers).seen).toEqual([...errorThen(1002, message), LEAVE]);
  });

  test.each(["SUBSCRIBE", "ACK", "BEGIN", "DISCONNECT"])("alone may have a body: %s may not", (command) => {
    expect(connected().send(command, { id: "1", receipt: "r" }, "x").seen).toEqual([
      ...errorThen(1002, "Only SEND may have a body", { "receipt-id": "r" }),
      LEAVE,
    ]);
  });
});

describe("a transaction", () => {
  test("keeps its requests until COMMIT, which performs them, and forgets them at ABORT", () => {
    const peer = connected().send("BEGIN", { transaction: "t", receipt: "b" });
    expect(peer.seen).toEqual([{ command: "RECEIPT", "receipt-id": "b" }]);
    peer.send("SEND", { destination: "/app/x", transaction: "t", receipt: "r" }, "body");
    expect(peer.seen).toMatchObject([
      { type: "hold", transaction: 1, request: { destination: "/app/x", body: "body" } },
      { command: "RECEIPT", "receipt-id": "r" },
    ]);
    expect(peer.send("COMMIT", { transaction: "t", receipt: "c" }).effects).toEqual([
      { type: "perform", caller: CALLER, transaction: 1, receipt: "c" },
    ]);
    expect(peer.on({ type: "replied", session: "s-1", replies: [], receipt: "c" }).seen).toEqual([
      { command: "RECEIPT", "receipt-id": "c" },
    ]);

    peer.send("BEGIN", { transaction: "t" }).send("SEND", { destination: "/app/x", transaction: "t" });
    expect(peer.send("ABORT", { transaction: "t", receipt: "a" }).seen).toEqual([
      { type: "drop", transaction: 2 },
      { command: "RECEIPT", "receipt-id": "a" },
    ]);
  });

  test("is kept apart from others that are open", () => {
    const peer = connected().send("BEGIN", { transaction: "a" }).send("BEGIN", { transaction: "b" });
    expect(peer.send("SEND", { destination: "/app/x", transaction: "b" }).effects).toMatchObject([{ type: "hold", transaction: 2 }]);
    expect(peer.send("COMMIT", { transaction: "a", receipt: "c" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "c" }]);
    expect(peer.send("COMMIT", { transaction: "b" }).effects).toMatchObject([{ type: "perform", transaction: 2 }]);
  });

  test.each<[string, Record<string, string>, string, number]>([
    ["many requests", {}, "", STOMP_LIMITS.heldSends],
    ["large requests", {}, "x".repeat(STOMP_LIMITS.heldBytes / 4 - 200), 4],
    ["long headers", { long: "猫".repeat(20_000) }, "", Math.floor(STOMP_LIMITS.heldBytes / 60_100)],
  ])("cannot hold too %s", (_what, headers, body, most) => {
    const peer = connected().send("BEGIN", { transaction: "t" });
    for (let sends = 0; sends < most; sends += 1) peer.send("SEND", { destination: "/app/x", transaction: "t", ...headers }, body);
    expect(peer.state.phase).toBe("connected");
    peer.send("SEND", { destination: "/app/x", transaction: "t", ...headers }, body);
    expect(peer.seen).toEqual([...errorThen(1002, "The transactions are too large"), LEAVE]);
  });

  test("is one of sixteen at most, and its name must fit into an attachment", () => {
    const peer = connected();
    for (let begun = 0; begun < STOMP_LIMITS.transactions; begun += 1) peer.send("BEGIN", { transaction: `${begun}` });
    expect(peer.state.phase).toBe("connected");
    expect(peer.send("BEGIN", { transaction: "one more" }).seen).toEqual([...errorThen(1002, "Too many transactions"), LEAVE]);

    const long = connected();
    let biggest = long.state;
    for (let begun = 0; long.state.phase === "connected" && begun < 20; begun += 1) {
      biggest = long.state;
      long.send("BEGIN", { transaction: `${begun}${"猫".repeat(1000)}` });
    }
    expect(serialize(biggest).byteLength).toBeLessThan(16_384);
  });
});

describe("ACK and NACK", () => {
  const WAYS: [StompVersion, Record<string, string>][] = [
    ["1.0", { "message-id": "1" }],
    ["1.1", { "message-id": "1", subscription: "s" }],
    ["1.2", { id: "1" }],
  ];

  test.each(WAYS)("of a message are taken as %s writes them", (version, headers) => {
    const peer = connected(version).subscribe({ id: "s", destination: progress, ack: "client" });
    peer.push(progress, "{}");
    for (const command of version === "1.0" ? ["ACK"] : ["ACK", "NACK"]) {
      expect(peer.send(command, { ...headers, receipt: "r" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
    }
    peer.send("BEGIN", { transaction: "t" });
    expect(peer.send("ACK", { ...headers, transaction: "t", receipt: "r" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
  });

  test.each(WAYS)("of a message that was never sent are refused in %s", (version, headers) => {
    expect(connected(version).send("ACK", headers).seen).toEqual([...errorThen(1002, "ACK names no message"), LEAVE]);
  });
});
