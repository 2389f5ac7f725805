import { serialize } from "node:v8";
import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { describe, expect, test } from "vitest";
import { encodeFrame, type StompVersion } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { hadUpTo } from "./had-up-to.ts";
import { dueAt, type SessionEvent } from "./session-state.ts";
import { AUTHENTICATED, connected, errorThen, LEAVE, Peer, USER } from "./testing/peer.ts";

const { progress, result } = PUSH_DESTINATIONS;

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
    expect(peer.on(AUTHENTICATED).seen).toEqual([
      { command: "CONNECTED", version, ...heartBeat, session: "s-1", server: "Star-Graph", "user-name": "demo" },
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
    expect(peer.on(AUTHENTICATED).seen).toMatchObject([{ "heart-beat": offered }]);
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
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: progress, receipt: "r" });
    const asked = { id: "s", destination: progress, receipt: "r" };
    expect(peer.effects).toEqual([{ type: "subscribe", userId: 7, after: null, ...asked }]);
    expect(peer.on({ type: "subscribed", startAfter: 0, gapAfter: null, ...asked }).seen).toEqual([
      { command: "RECEIPT", "receipt-id": "r" },
    ]);
    expect(peer.push(result, "{}").effects).toEqual([]);
    expect(peer.push(progress, '{"a":"猫"}').seen).toEqual([
      {
        command: "MESSAGE",
        subscription: "s",
        "message-id": "1",
        destination: progress,
        "content-type": "application/json",
        "event-id": "2",
        "content-length": "11",
        body: '{"a":"猫"}',
      },
    ]);
  });

  test("twice to one destination brings each message twice, with ids of their own", () => {
    const peer = connected().send("SUBSCRIBE", { id: "a", destination: progress }).send("SUBSCRIBE", { id: "b", destination: progress });
    peer.push(progress, "{}");
    expect(peer.seen).toMatchObject([
      { subscription: "a", "message-id": "1" },
      { subscription: "b", "message-id": "2" },
    ]);
  });

  test("to another destination is accepted and silent", () => {
    const peer = connected().send("SUBSCRIBE", { id: "s", destination: "/topic/other", receipt: "r" });
    expect(peer.seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
    expect(peer.push(progress, "{}").effects).toEqual([]);
  });

  test.each<[StompVersion, string, string | undefined]>([
    ["1.2", "client", "1"],
    ["1.2", "client-individual", "1"],
    ["1.2", "auto", undefined],
    ["1.1", "client", undefined],
  ])("in %s with ack:%s has the ack header %s in its messages", (version, ack, expected) => {
    const peer = connected(version).send("SUBSCRIBE", { id: "s", destination: progress, ack });
    const [message] = peer.push(progress, "{}").seen;
    expect(message).toHaveProperty("message-id", "1");
    expect({ ack: undefined, ...message }.ack).toBe(expected);
  });

  test("in 1.0 that is made once more goes on where it was, unless it says otherwise", () => {
    const peer = connected("1.0").subscribe({ destination: progress }, { startAfter: 4 }).push(progress, "{}", 9);
    expect(peer.send("SUBSCRIBE", { destination: progress }).effects).toMatchObject([{ type: "subscribe", after: 9 }]);
    expect(peer.send("SUBSCRIBE", { destination: progress, "last-event-id": "3" }).effects).toMatchObject([{ after: 3 }]);
  });

  test("needs no id in 1.0, where the destination names it", () => {
    const peer = connected("1.0").subscribe({ destination: progress }).subscribe({ destination: progress });
    const [message, ...others] = peer.push(progress, "{}").seen;
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
    ["ack is none of auto, client and client-individual", { id: "s", destination: progress, ack: "never" }],
    ["last-event-id is not a number", { id: "s", destination: progress, "last-event-id": "x" }],
  ])("is refused: %s", (message, headers) => {
    const peer = connected().send("SUBSCRIBE", { id: "used", destination: progress });
    expect(peer.send("SUBSCRIBE", headers).seen).toEqual([...errorThen(1002, message), LEAVE]);
  });

  test("is refused after 64, and earlier when they would not fit into an attachment", () => {
    const peer = connected();
    for (let id = 0; id < STOMP_LIMITS.subscriptions; id += 1) peer.subscribe({ id: `${id}`, destination: progress });
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

describe("an event", () => {
  const ids = (peer: Peer) =>
    peer.seen.map((message) => ({ "event-id": "", subscription: "", ...message })).map((one) => `${one.subscription}${one["event-id"]}`);

  test("is told to each subscription once, whoever repeats it", () => {
    const peer = connected().subscribe({ id: "a", destination: result });
    expect(ids(peer.push(result, "{}", 5))).toEqual(["a5"]);
    expect(peer.push(result, "{}", 5).effects).toEqual([]);
    expect(peer.push(result, "{}", 4).effects).toEqual([]);
    peer.subscribe({ id: "b", destination: result });
    expect(ids(peer.push(result, "{}", 4))).toEqual(["b4"]);
    expect(ids(peer.push(result, "{}", 5))).toEqual(["b5"]);
    expect(ids(peer.push(result, "{}", 6))).toEqual(["a6", "b6"]);
  });

  test("that the client says it has had is not told, nor what the hub begins after", () => {
    const peer = connected().send("SUBSCRIBE", { id: "a", destination: result, "last-event-id": "7" });
    expect(peer.effects).toMatchObject([{ type: "subscribe", after: 7 }]);
    peer.on({ type: "subscribed", id: "a", destination: result, startAfter: 7, gapAfter: null, receipt: null });
    expect(peer.push(result, "{}", 7).effects).toEqual([]);
    expect(ids(peer.push(result, "{}", 8))).toEqual(["a8"]);
  });

  test("that is no longer kept is a gap, which is told to the subscription that asked, before its receipt", () => {
    const peer = connected().subscribe({ id: "a", destination: result });
    peer.subscribe({ id: "b", destination: result, "last-event-id": "3", receipt: "r" }, { startAfter: 9, gapAfter: 3 });
    expect(peer.seen).toMatchObject([
      {
        command: "MESSAGE",
        subscription: "b",
        destination: result,
        body: JSON.stringify({ type: "gap", afterEventId: 3, resumedAfterEventId: 9 }),
      },
      { command: "RECEIPT" },
    ]);
    expect(ids(peer.push(result, "{}", 9))).toEqual(["a9"]);
  });

  test("says whether a client that is slow may miss it", () => {
    const peer = connected().subscribe({ id: "a", destination: result }).subscribe({ id: "b", destination: progress });
    expect(peer.push(progress, "{}").effects).toMatchObject([{ isDroppable: true }]);
    expect(peer.push(result, "{}").effects[0]).not.toHaveProperty("isDroppable");
  });

  test("counts as had by a destination once all of its subscriptions have had it", () => {
    const peer = connected().subscribe({ id: "a", destination: result }).subscribe({ id: "p", destination: progress });
    peer.push(result, "{}", 5);
    expect(hadUpTo(peer.state)).toEqual({ [result]: 5, [progress]: 0 });
    peer.subscribe({ id: "b", destination: result }, { startAfter: 2 });
    expect(hadUpTo(peer.state)).toEqual({ [result]: 2, [progress]: 0 });
    expect(hadUpTo(peer.on({ type: "lost" }).state)).toBeNull();
  });
});

describe("UNSUBSCRIBE", () => {
  test("stops the messages, and tells the hub when it was the last of its destination", () => {
    const peer = connected().send("SUBSCRIBE", { id: "a", destination: progress }).send("SUBSCRIBE", { id: "b", destination: progress });
    expect(peer.send("UNSUBSCRIBE", { id: "a" }).effects).toEqual([]);
    expect(peer.send("UNSUBSCRIBE", { id: "b" }).effects).toEqual([{ type: "unsubscribe", userId: 7, destination: progress }]);
    expect(peer.push(progress, "{}").effects).toEqual([]);
  });

  test("of one that is gone is no fault", () => {
    expect(connected().send("UNSUBSCRIBE", { id: "a", receipt: "r" }).seen).toEqual([{ command: "RECEIPT", "receipt-id": "r" }]);
  });
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

  test("and what it asked are its own affair, not that of the next one at the same address", () => {
    const peer = connected();
    const before = peer.state;
    const late: SessionEvent[] = [
      { type: "ended", reason: "logged out", session: "s-0" },
      { type: "replied", session: "s-0", replies: [{ headers: {}, body: "{}" }], receipt: "r" },
    ];
    for (const event of late) expect(peer.on(event).effects).toEqual([]);
    expect(peer.state).toEqual(before);
    expect(peer.on({ type: "ended", reason: "logged out", session: "s-1" }).state).toEqual({ phase: "closed" });
  });

  test("is final", () => {
    const peer = connected().on({ type: "lost" });
    const events: SessionEvent[] = [
      { type: "frame", frame: { command: "CONNECT", headers: new Map(), body: "" } },
      { type: "broken", problem: "x" },
      AUTHENTICATED,
      { type: "refused" },
      { type: "failed" },
      { type: "push", pushes: [] },
      { type: "subscribed", id: "s", destination: progress, startAfter: 0, gapAfter: 1, receipt: "r" },
      { type: "replied", session: "s-1", replies: [], receipt: "r" },
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
