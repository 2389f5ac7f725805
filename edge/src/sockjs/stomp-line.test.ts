import { expect, test } from "vitest";
import type { SessionEffect, SessionEvent, SessionState } from "../stomp/session-state.ts";
import { openSession } from "../stomp/session-state.ts";
import type { Carrier } from "./carrier.ts";
import { StompLine } from "./stomp-line.ts";

const USER = { id: 7, username: "u", authSessionId: "s", scopes: null, tokenExpiresAt: 9e15 };

/** A session on a carrier that takes texts until the test says otherwise, and a hub that lets everybody in. */
function aLine() {
  const sent: string[] = [];
  const hubCalls: string[] = [];
  const peer = { isGone: false };
  let state: SessionState = openSession("en", 0);
  const carrier: Carrier = {
    state: () => state,
    save: (next) => void (state = next),
    send: (text) => !peer.isGone && sent.push(text) > 0,
    close: (code) => void sent.push(`close ${code}`),
    dueAt: () => null,
    onDue: () => true,
    isOver: () => state.phase === "closed",
  };
  const hub = {
    apply: async (effect: SessionEffect): Promise<SessionEvent | null> => {
      hubCalls.push(effect.type);
      return effect.type === "authenticate" ? { type: "authenticated", user: USER, session: "x" } : null;
    },
  };
  const kv = { list: () => [], put: () => undefined, delete: () => false };
  const line = new StompLine(carrier, hub, kv, () => 0);
  const connect = () => line.receive("CONNECT\naccept-version:1.2\nheart-beat:10000,10000\nAuthorization:Bearer t\n\n\0");
  return { line, connect, sent, hubCalls, peer };
}

test("a hub forgets a session whose client is gone when it is to be told of its end", async () => {
  const { line, connect, sent, hubCalls, peer } = aLine();
  await connect();
  peer.isGone = true;
  await line.receive("garbage\n\n\0");
  expect(hubCalls).toEqual(["authenticate", "leave"]);
  expect(sent).toHaveLength(1);
});

test("a client that stays is told the reason, then closed, and its hub forgets it once", async () => {
  const { line, connect, sent, hubCalls } = aLine();
  await connect();
  await line.receive("garbage\n\n\0");
  expect(hubCalls).toEqual(["authenticate", "leave"]);
  expect([sent[1]?.slice(0, 5), sent[2]]).toEqual(["ERROR", "close 1002"]);
});

test.each(["\n", "\r\n", "\n\n", new Uint8Array([13, 10])])("a beat is answered with one, however its line ends: %j", async (beat) => {
  const { line, connect, sent } = aLine();
  await connect();
  await line.receive(beat);
  expect(sent.slice(1)).toEqual(["\n"]);
});

test.each(["\r", "\nSEND", ""])("what is no beat is not answered as one: %j", async (text) => {
  const { line, connect, sent } = aLine();
  await connect();
  await line.receive(text);
  expect(sent).toHaveLength(1);
});
