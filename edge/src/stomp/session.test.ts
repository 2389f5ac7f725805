import { serialize } from "node:v8";
import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { describe, expect, test } from "vitest";
import { FrameDecoder } from "./decoder.ts";
import { encodeFrame, type StompVersion } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { dueAt, openSession, type SessionEffect, type SessionEvent, type SessionState } from "./session-state.ts";
import { onSessionEvent } from "./session.ts";

const USER = { id: 7, username: "demo", tokenExpiresAt: 1_000_000 };
const { progress, result, reply } = PUSH_DESTINATIONS;

/** A client and the session it talks to; `sent` and `effects` are those of the last event. */
class Peer {
  state: SessionState = openSession("zh", 0);
  effects: readonly SessionEffect[] = [];

  on(event: SessionEvent, now = 0): this {
    const step = onSessionEvent(this.state, event, now);
    this.state = step.state;
    this.effects = step.effects;
    return this;
  }

  send(command: string, headers: Record<string, string> = {}, body = ""): this {
    return this.on({ type: "frame", frame: { command, headers: new Map(Object.entries(headers)), body } });
  }

  /** Frames and everything else that the last event brought, in order. */
  get seen(): object[] {
    return this.effects.map((effect) => (effect.type === "send" ? read(effect.text) : effect));
  }
}

function read(text: string): object {
  const decoder = new FrameDecoder();
  decoder.push(text);
  const decoded = decoder.next("1.2");
  if (decoded.type !== "frame") throw new Error(`not one frame: ${text}`);
  const { command, headers, body } = decoded.frame;
  return { command, ...Object.fromEntries(headers), ...(body === "" ? {} : { body }) };
}

function connected(version: StompVersion = "1.2"): Peer {
  return new Peer().send("CONNECT", { "accept-version": version, Authorization: "Bearer x" }).on({ type: "authenticated", user: USER });
}

function errorThen(code: number, message: string, extra: object = {}): object[] {
  return [
    { command: "ERROR", message, ...extra },
    { type: "close", code, reason: message },
  ];
}

const LEAVE = { type: "leave", userId: 7 };

describe("CONNECT", () => {
  test.each([
    [{ "accept-version": "1.0,1.1,1.2" }, "1.2"],
    [{ "accept-version": "1.1,1.0" }, "1.1"],
    [{ "accept-version": "1.1, 2.0" }, "1.1"],
    [{ "accept-version": "1.0" }, "1.0"],
    [{}, "1.0"],
  ])("with %j settles on %s", (headers, version) => {
    const peer = new Peer().send("CONNECT", { ...headers, Authorization: "Bearer x" });
    expect(peer.effects).toEqual([{ type: "authenticate", token: "x" }]);
    const heartBeat = version === "1.0" ? {} : { "heart-beat": "0,0" };
    expect(peer.on({ type: "authenticated", user: USER }).seen).toEqual([
      { command: "CONNECTED", version, ...heartBeat, server: "Star-Graph", "user-name": "demo" },
    ]);
  });

  test("is told the versions when there is none in common", () => {
    const peer = new Peer().send("CONNECT", { "accept-version": "2.0", Authorization: "Bearer x" });
    expect(peer.seen).toMatchObject([
      { command: "ERROR", version: "1.0,1.1,1.2" },
      { type: "close", code: 1002 },
    ]);
  });

  test.each([
    ["10000,10000", "10000,10000"],
    ["10000,20000", "20000,20000"],
    ["20000,0", "20000,20000"],
    ["0,10000", "0,0"],
    ["0,0", "0,0"],
  ])("with heart-beat %s is offered %s", (asked, offered) => {
    const peer = new Peer().send("CONNECT", { "accept-version": "1.1", "heart-beat": asked, Authorization: "Bearer x" });
    expect(peer.on({ type: "authenticated", user: USER }).seen).toMatchObject([{ "heart-beat": offered }]);
  });

  test.each(["10000", "a,b", "-1,0", "1,2,3"])("with heart-beat %j is refused", (heartBeat) => {
    const peer = new Peer().send("CONNECT", { "accept-version": "1.1", "heart-beat": heartBeat, Authorization: "Bearer x" });
    expect(peer.seen).toEqual(errorThen(1002, "heart-beat is not two numbers"));
  });

  test("may be called STOMP and name its token in lower case", () => {
    expect(new Peer().send("STOMP", { authorization: "bearer x" }).effects).toEqual([{ type: "authenticate", token: "x" }]);
  });

  test.each([{}, { Authorization: "x" }, { Authorization: "Basic x" }, { login: "demo", passcode: "secret" }])(
    "with %j is refused without asking anybody",
    (headers: Record<string, string>) => {
      const peer = new Peer().send("CONNECT", headers);
      expect(peer.seen).toMatchObject([{ command: "ERROR" }, { type: "close", code: 1008 }]);
    },
  );

  test("is refused when its token is", () => {
    const peer = new Peer().send("CONNECT", { Authorization: "Bearer x" }).on({ type: "refused" });
    expect(peer.seen).toMatchObject([{ command: "ERROR" }, { type: "close", code: 1008 }]);
    expect(peer.state).toEqual({ phase: "closed" });
  });

  test("must be the first frame, and the only one", () => {
    expect(new Peer().send("SUBSCRIBE", { id: "1", receipt: "r" }).seen).toEqual(
      errorThen(1002, "The first frame must be CONNECT", { "receipt-id": "r" }),
    );
    expect(connected().send("CONNECT").seen).toEqual([...errorThen(1002, "Already connected"), LEAVE]);
  });

  test("must come within 15 seconds", () => {
    const peer = new Peer();
    expect(dueAt(peer.state)).toBe(STOMP_LIMITS.connectWithinMs);
    expect(peer.on({ type: "due" }, STOMP_LIMITS.connectWithinMs - 1).effects).toEqual([]);
    expect(peer.on({ type: "due" }, STOMP_LIMITS.connectWithinMs).seen).toEqual(errorThen(1008, "No CONNECT in time"));
  });
});

describe("SUBSCRIBE", () => {
  test("brings what is pushed there, named as it was subscribed, and nothing else", () => {
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: progress });
    expect(peer.effects).toEqual([{ type: "subscribe", userId: 7, destination: progress }]);
    expect(peer.on({ type: "push", destination: result, body: "{}" }).effects).toEqual([]);
    expect(peer.on({ type: "push", destination: progress, body: '{"a":"猫"}' }).seen).toEqual([
      {
        command: "MESSAGE",
        subscription: "s",
        "message-id": "1",
        destination: progress,
        "content-type": "application/json",
        "content-length": "11",
        body: '{"a":"猫"}',
      },
    ]);
  });

  test("twice to one destination brings each message twice, with ids of their own", () => {
    const peer = connected().send("SUBSCRIBE", { id: "a", destination: progress }).send("SUBSCRIBE", { id: "b", destination: progress });
    peer.on({ type: "push", destination: progress, body: "{}" });
    expect(peer.seen).toMatchObject([
      { subscription: "a", "message-id": "1" },
      { subscription: "b", "message-id": "2" },
    ]);
  });

  test("to another destination is accepted and silent", () => {
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: "/topic/other", receipt: "r" });
    expect(peer.seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
    expect(peer.on({ type: "push", destination: progress, body: "{}" }).effects).toEqual([]);
  });

  test.each<[StompVersion, string, string | undefined]>([
    ["1.2", "client", "1"],
    ["1.2", "client-individual", "1"],
    ["1.2", "auto", undefined],
    ["1.1", "client", undefined],
  ])("in %s with ack:%s has the ack header %s in its messages", (version, ack, expected) => {
    const peer = connected(version).send("SUBSCRIBE", { id: "s", destination: progress, ack });
    const [message] = peer.on({ type: "push", destination: progress, body: "{}" }).seen;
    expect(message).toHaveProperty("message-id", "1");
    expect({ ack: undefined, ...message }.ack).toBe(expected);
  });

  test("needs no id in 1.0, where the destination names it", () => {
    const peer = connected("1.0").send("SUBSCRIBE", { destination: progress }).send("SUBSCRIBE", { destination: progress });
    const [message, ...others] = peer.on({ type: "push", destination: progress, body: "{}" }).seen;
    expect(message).not.toHaveProperty("subscription");
    expect(others).toEqual([]);
    expect(peer.send("UNSUBSCRIBE", { destination: progress }).effects).toEqual([
      { type: "unsubscribe", userId: 7, destination: progress },
    ]);
  });

  test.each<[string, Record<string, string>]>([
    ["SUBSCRIBE needs a destination", { id: "s" }],
    ["SUBSCRIBE needs an id", { destination: progress }],
    ["This subscription id is in use", { id: "used", destination: result }],
  ])("is refused: %s", (message, headers) => {
    const peer = connected().send("SUBSCRIBE", { id: "used", destination: progress });
    expect(peer.send("SUBSCRIBE", headers).seen).toEqual([...errorThen(1002, message), LEAVE]);
  });

  test("is refused after 64, and earlier when they would not fit into an attachment", () => {
    const peer = connected();
    for (let id = 0; id < STOMP_LIMITS.subscriptions; id += 1) peer.send("SUBSCRIBE", { id: `${id}`, destination: progress });
    expect(peer.state.phase).toBe("connected");
    expect(peer.send("SUBSCRIBE", { id: "one more", destination: progress }).seen).toEqual([
      ...errorThen(1002, "Too many subscriptions"),
      LEAVE,
    ]);

    for (const letter of ["a", "猫"]) {
      for (const length of [1, 40, 200, 3000]) {
        const big = connected();
        let biggest = big.state;
        for (let id = 0; big.state.phase === "connected" && id < 100; id += 1) {
          biggest = big.state;
          big.send("SUBSCRIBE", { id: `${id}${letter.repeat(length)}`, destination: letter });
        }
        expect(serialize(biggest).byteLength).toBeLessThan(16_384);
      }
    }
  });
});

describe("UNSUBSCRIBE", () => {
  test("stops the messages, and tells the hub when it was the last of its destination", () => {
    const peer = connected().send("SUBSCRIBE", { id: "a", destination: progress }).send("SUBSCRIBE", { id: "b", destination: progress });
    expect(peer.send("UNSUBSCRIBE", { id: "a" }).effects).toEqual([]);
    expect(peer.send("UNSUBSCRIBE", { id: "b" }).effects).toEqual([{ type: "unsubscribe", userId: 7, destination: progress }]);
    expect(peer.on({ type: "push", destination: progress, body: "{}" }).effects).toEqual([]);
  });

  test("of one that is gone is no fault", () => {
    expect(connected().send("UNSUBSCRIBE", { id: "a", receipt: "r" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
  });
});

describe("SEND", () => {
  const notFound = { body: JSON.stringify({ type: "error", code: 404, message: "资源不存在: /app/x" }), destination: reply };

  test("to an unknown destination is told on the reply queue, and the session lives on", () => {
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: reply }).send("SEND", { destination: "/app/x", receipt: "r" }, "{}");
    expect(peer.seen).toMatchObject([{ command: "MESSAGE", subscription: "s", ...notFound }, { command: "RECEIPT" }]);
    expect(peer.state.phase).toBe("connected");
  });

  test("is answered by nothing but its receipt when nobody listens on the reply queue", () => {
    expect(connected().send("SEND", { destination: "/app/x", receipt: "r" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
  });

  test("in a transaction happens at COMMIT, in order, and never after ABORT", () => {
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: reply }).send("BEGIN", { transaction: "t" });
    peer.send("SEND", { destination: "/app/x", transaction: "t", receipt: "r" });
    expect(peer.seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
    peer.send("SEND", { destination: "/app/y", transaction: "t" });
    expect(peer.send("COMMIT", { transaction: "t", receipt: "c" }).seen).toMatchObject([
      { "message-id": "1", ...notFound },
      { "message-id": "2" },
      { command: "RECEIPT", "receipt-id": "c" },
    ]);
    peer.send("BEGIN", { transaction: "t" }).send("SEND", { destination: "/app/x", transaction: "t" });
    expect(peer.send("ABORT", { transaction: "t" }).effects).toEqual([]);
  });

  test.each<[string, string, Record<string, string>]>([
    ["SEND needs a destination", "SEND", {}],
    ["This transaction has not begun", "SEND", { destination: "/app/x", transaction: "other" }],
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

  test("cannot fill the memory with transactions", () => {
    const peer = connected().send("BEGIN", { transaction: "t" });
    for (let sends = 0; sends < 1000 && peer.state.phase === "connected"; sends += 1) {
      peer.send("SEND", { destination: "/app/x", transaction: "t" });
    }
    expect(peer.seen).toEqual([...errorThen(1002, "The transactions are too large"), LEAVE]);
  });
});

test.each<[StompVersion, Record<string, string>]>([
  ["1.0", { "message-id": "1" }],
  ["1.1", { "message-id": "1", subscription: "s" }],
  ["1.2", { id: "1" }],
])("takes an ACK as %s writes it", (version, headers) => {
  expect(connected(version).send("ACK", { ...headers, receipt: "r" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
});

describe("the end", () => {
  test("by DISCONNECT is its receipt, then a normal close", () => {
    const peer = connected().send("DISCONNECT", { receipt: "r" });
    expect(peer.seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }, { type: "close", code: 1000, reason: "" }, LEAVE]);
  });

  test("comes with the token's expiry", () => {
    const peer = connected();
    expect(dueAt(peer.state)).toBe(USER.tokenExpiresAt);
    expect(peer.on({ type: "due" }, USER.tokenExpiresAt).seen).toEqual([...errorThen(1008, "The token has expired"), LEAVE]);
    expect(dueAt(peer.state)).toBe(null);
  });

  test("by somebody else is told, with a reason that fits into a close frame", () => {
    const peer = connected().on({ type: "ended", reason: "账号已在别处退出登录".repeat(10) });
    const close = peer.effects.find((effect) => effect.type === "close");
    expect(new TextEncoder().encode(close?.reason).byteLength).toBe(123);
  });

  test("by broken input, or by our own fault, is told", () => {
    expect(connected().on({ type: "broken", problem: "Too many headers" }).seen).toEqual([...errorThen(1002, "Too many headers"), LEAVE]);
    expect(connected().on({ type: "failed" }).seen).toEqual([...errorThen(1011, "Unavailable, try again later"), LEAVE]);
  });

  test("by a lost transport is told to the hub only", () => {
    expect(connected().on({ type: "lost" }).effects).toEqual([LEAVE]);
    expect(new Peer().on({ type: "lost" }).effects).toEqual([]);
  });

  test("is final", () => {
    const peer = connected().on({ type: "lost" });
    const events: SessionEvent[] = [
      { type: "frame", frame: { command: "CONNECT", headers: new Map(), body: "" } },
      { type: "broken", problem: "x" },
      { type: "authenticated", user: USER },
      { type: "refused" },
      { type: "failed" },
      { type: "push", destination: progress, body: "{}" },
      { type: "due" },
      { type: "ended", reason: "x" },
      { type: "lost" },
    ];
    for (const event of events) {
      expect(peer.on(event, Number.MAX_SAFE_INTEGER).effects).toEqual([]);
      expect(peer.state).toEqual({ phase: "closed" });
    }
  });

  test("of a client of 1.0 cannot smuggle a second header into the ERROR", () => {
    const peer = connected("1.0").send("SEND", { receipt: "r\nversion:9" });
    expect(peer.effects[0]).toEqual({
      type: "send",
      text: encodeFrame("1.0", "ERROR", { message: "SEND needs a destination", "receipt-id": "r version:9" }),
    });
  });
});
