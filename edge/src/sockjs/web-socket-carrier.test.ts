import { expect, test } from "vitest";
import { openSession, type SessionState } from "../stomp/session-state.ts";
import { attach, type Framing, WebSocketCarrier } from "./web-socket-carrier.ts";

/** The end of a WebSocket that the object holds. */
class MemorySocket {
  attachment: unknown = null;
  readonly sent: string[] = [];
  closedWith: [number, string | undefined] | null = null;
  isGone = false;

  serializeAttachment(value: unknown): void {
    this.attachment = structuredClone(value);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.attachment);
  }

  send(text: string): void {
    if (this.isGone) throw new TypeError("Can't call WebSocket send() after close().");
    this.sent.push(text);
  }

  close(code: number, reason?: string): void {
    this.closedWith = [code, reason];
  }
}

const connected = (beatEveryMs: number): SessionState => ({
  phase: "connected",
  language: "zh",
  version: "1.2",
  session: "s-1",
  userId: 1,
  authSessionId: "a",
  scopes: null,
  tokenExpiresAt: 1e15,
  beatEveryMs,
  subscriptions: [],
  transactions: [],
  nextTransaction: 1,
  nextMessageId: 1,
});

function aCarrier(framing: Framing, beatEveryMs: number) {
  const socket = new MemorySocket();
  const clock = { now: 1_000_000, echoedAt: 0 };
  attach(socket as unknown as WebSocket, framing, openSession("zh", clock.now), clock.now);
  // A new one for each step, as after hibernation: nothing but the attachment remembers.
  const carrier = () =>
    new WebSocketCarrier(
      socket as unknown as WebSocket,
      () => clock.now,
      () => clock.echoedAt,
    );
  carrier().save(connected(beatEveryMs));
  return { socket, clock, carrier };
}

test.each([
  ["sockjs", 0, true],
  ["sockjs", 300_000, true],
  ["sockjs", 10_000, false],
  ["raw", 0, false],
] as const)("a %s client that beats every %i ms: heart-beats of our own are %s", (framing, beatEveryMs, isBeaten) => {
  const { socket, clock, carrier } = aCarrier(framing, beatEveryMs);
  expect(carrier().dueAt()).toBe(isBeaten ? clock.now + 25_000 : null);
  clock.now += 25_000;
  expect(carrier().onDue()).toBe(true);
  expect(socket.sent).toEqual(isBeaten ? ["h"] : []);
  expect(carrier().dueAt()).toBe(isBeaten ? clock.now + 25_000 : null);
});

test("a client that promised beats and is silent for three of them, and three minutes, is given up when something is to be sent", () => {
  const { socket, clock, carrier } = aCarrier("sockjs", 10_000);
  clock.now += 180_000;
  expect(carrier().send("a", false)).toBe(true);
  clock.echoedAt = clock.now;
  clock.now += 180_000;
  expect(carrier().send("b", false)).toBe(true);
  carrier().heard();
  clock.now += 180_000;
  expect(carrier().send("c", false)).toBe(true);
  clock.now += 1;
  expect(carrier().send("d", false)).toBe(false);
  expect(socket.sent).toEqual(['a["a"]', 'a["b"]', 'a["c"]', 'c[1008,"Too slow: no heart-beat has come for too long"]']);
  expect(socket.closedWith).toEqual([1000, undefined]);
});

test("a client that promised no beats may be silent", () => {
  const { clock, carrier } = aCarrier("raw", 0);
  clock.now += 86_400_000;
  expect(carrier().send("a", false)).toBe(true);
});

test("a socket that is gone is noticed, and closing it harms nobody", () => {
  const { socket, carrier } = aCarrier("sockjs", 0);
  socket.isGone = true;
  expect(carrier().send("a", false)).toBe(false);
  carrier().close(1000, "");
  expect(socket.closedWith).toEqual([1000, undefined]);
});

test("an end has its own code on a bare socket, and is a frame before that of SockJS", () => {
  const bare = aCarrier("raw", 0);
  bare.carrier().close(1008, "no");
  expect([bare.socket.sent, bare.socket.closedWith]).toEqual([[], [1008, "no"]]);
  const framed = aCarrier("sockjs", 0);
  framed.carrier().close(1008, "no");
  framed.carrier().close(1000, "");
  expect(framed.socket.sent).toEqual(['c[1008,"no"]', 'c[3000,"Go away!"]']);
});

test("a client that is sent more than it can have read misses progress first, and is then given up, beats or no beats", () => {
  const { socket, clock, carrier } = aCarrier("raw", 0);
  const mib = "x".repeat(1024 * 1024);
  expect([carrier().send(mib, false), carrier().send("progress", true)]).toEqual([true, true]);
  expect(socket.sent).toEqual([mib]);
  clock.now += 1000;
  expect(carrier().send("progress", true)).toBe(true);
  expect(socket.sent.at(-1)).toBe("progress");
  for (let more = 0; more < 7; more += 1) expect(carrier().send(mib, false)).toBe(true);
  expect(carrier().send(mib, false)).toBe(false);
  expect(socket.closedWith).toEqual([1008, "Too slow: more was sent than can have been read"]);
});

test("a client that is sent no more than the slowest reads is never given up", () => {
  const { clock, carrier } = aCarrier("raw", 0);
  const text = "x".repeat(16 * 1024);
  for (let second = 0; second < 2000; second += 1) {
    expect(carrier().send(text, false)).toBe(true);
    clock.now += 1000;
  }
});
