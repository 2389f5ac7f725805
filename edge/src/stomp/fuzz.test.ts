import { serialize } from "node:v8";
import { PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import { CLOSE_CODES } from "./ending.ts";
import { type Chunk, FrameDecoder } from "./decoder.ts";
import { STOMP_LIMITS } from "./limits.ts";
import { openSession, type SessionEffect, type SessionEvent, type SessionState, versionOf } from "./session-state.ts";
import { onSessionEvent } from "./session.ts";
import { AUTHENTICATED } from "./testing/peer.ts";

const SEQUENCES = 50_000;
const SEED = 20_241_002;

let seed = SEED;
/** The same numbers in every run. */
function below(limit: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
}
const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!;

const COMMANDS = [
  "CONNECT",
  "STOMP",
  "SEND",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "ACK",
  "NACK",
  "BEGIN",
  "COMMIT",
  "ABORT",
  "DISCONNECT",
  "MESSAGE",
  "",
  "send",
];
const HEADERS = [
  "accept-version:1.2",
  "accept-version:1.0,1.1",
  "accept-version:9",
  "Authorization:Bearer x",
  "heart-beat:10,20",
  "heart-beat:x",
  "id:1",
  "id:2",
  "message-id:1",
  "subscription:1",
  `destination:${PUSH_DESTINATIONS.result}`,
  `destination:${PUSH_DESTINATIONS.reply}`,
  "destination:/app/generate",
  "transaction:t",
  "transaction:u",
  "receipt:r",
  "ack:client",
  "ack:never",
  "last-event-id:3",
  "last-event-id:-1",
  "content-length:3",
  "content-length:99999",
  "a:\\c\\n\\\\",
  "a:\\t",
  "no colon",
  ":no name",
  "猫:🐱",
];
const PIECES: readonly Chunk[] = [
  "\n",
  "\r\n",
  "\n\n",
  "\0",
  ":",
  "\\",
  "\ud83d",
  "🐱",
  "CONNECT",
  "x".repeat(3000),
  Uint8Array.of(0xff),
  Uint8Array.of(0xe7, 0x8c),
];

/** Mostly frames that could be meant, so that sessions get somewhere; then anything at all. */
function aChunk(): Chunk {
  if (below(5) === 0) return oneOf(PIECES);
  const headers = Array.from({ length: below(6) }, () => `${oneOf(HEADERS)}${oneOf(["\n", "\n", "\n", "\r\n"])}`).join("");
  const body = oneOf(["", "", "", "{}", "abc", "猫"]);
  const text = `${oneOf(COMMANDS)}\n${headers}\n${body}${oneOf(["\0", "\0", "\0", "\0\n", ""])}`;
  const cut = below(4) === 0 ? below(text.length) : text.length;
  return below(3) === 0 ? new TextEncoder().encode(text.slice(0, cut)) : text.slice(0, cut);
}

const CONNECT = "CONNECT\naccept-version:1.2\nAuthorization:Bearer x\n\n\0";

function anEvent(): SessionEvent {
  const push = { destination: oneOf(Object.values(PUSH_DESTINATIONS)), body: "{}", eventId: below(20), isDroppable: below(2) === 0 };
  const start = { id: oneOf(["1", "2", null]), destination: push.destination, startAfter: below(9), gapAfter: oneOf([null, 1]) };
  return oneOf<SessionEvent>([
    AUTHENTICATED,
    AUTHENTICATED,
    { type: "push", pushes: Array.from({ length: below(4) }, () => push) },
    { type: "push", pushes: [push] },
    { type: "subscribed", ...start, receipt: oneOf([null, "r"]) },
    { type: "replied", session: "s-1", replies: [{ headers: { "correlation-id": "a\nb" }, body: "{}" }], receipt: oneOf([null, "r"]) },
    { type: "due" },
    { type: "refused" },
    { type: "failed" },
    { type: "ended", reason: "账号已退出".repeat(below(30)) },
    { type: "lost" },
  ]);
}

const ENDS: ReadonlySet<number> = new Set(Object.values(CLOSE_CODES));

/** Plays one sequence as the shell would. @returns how the session ended, if it did */
function play(): string {
  const decoder = new FrameDecoder();
  let state: SessionState = openSession("zh", 0);
  let end = "open";
  const handle = (event: SessionEvent): readonly SessionEffect[] => {
    const wasClosed = state.phase === "closed";
    const step = onSessionEvent(state, event, below(100_000));
    state = step.state;
    const closes = step.effects.filter((effect) => effect.type === "close");
    if (wasClosed && step.effects.length > 0) throw new Error("something after the end");
    if (closes.length > 1 || (closes.length === 1 && state.phase !== "closed")) throw new Error("an end that is none");
    const [close] = closes;
    if (close) {
      const last = step.effects[step.effects.indexOf(close) - 1];
      const isError = last?.type === "send" && last.text.startsWith("ERROR\n");
      if (!ENDS.has(close.code) || new TextEncoder().encode(close.reason).byteLength > 123)
        throw new Error("an end that is not documented");
      // DISCONNECT is the one normal end; every other one is told in an ERROR first.
      if (isError === (close.code === CLOSE_CODES.normal)) throw new Error(`closed ${close.code} with ${JSON.stringify(last)}`);
      end = String(close.code);
    } else if (!wasClosed && state.phase === "closed") end = "lost";
    for (const effect of step.effects) {
      if (effect.type === "send" && effect.text !== "\n" && !effect.text.endsWith("\0")) throw new Error("half a frame went out");
    }
    return step.effects;
  };
  for (let turn = below(24); turn >= 0; turn -= 1) {
    if (below(6) === 0) handle(anEvent());
    const isFirst = state.phase === "awaiting-connect" && below(2) === 0;
    decoder.push(isFirst ? CONNECT : aChunk());
    for (;;) {
      const decoded = decoder.next(versionOf(state));
      if (decoded.type === "incomplete") break;
      const effects = handle(decoded);
      // The shell answers at once, most times as the client wishes.
      if (effects.some(({ type }) => type === "authenticate")) handle(below(5) === 0 ? { type: "refused" } : AUTHENTICATED);
      if (decoded.type === "broken") break;
    }
    const held = decoder.pending().reduce((bytes, chunk) => bytes + chunk.length, 0);
    if (held > STOMP_LIMITS.frameBytes + 1) throw new Error(`${held} bytes are held`);
  }
  if (serialize(state).byteLength >= 16_384) throw new Error("the state does not fit into an attachment");
  return end;
}

test(`${SEQUENCES} random sequences of bytes, frames and events throw nothing, fill nothing and end as documented`, () => {
  const ends: Record<string, number> = {};
  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
    const before = seed;
    try {
      const end = play();
      ends[end] = (ends[end] ?? 0) + 1;
    } catch (error) {
      throw new Error(`sequence ${sequence}, seed ${before}: ${String(error)}`, { cause: error });
    }
  }
  // All documented ends were seen, so that the sequences do get somewhere, and no other one.
  expect(Object.keys(ends).toSorted((a, b) => a.localeCompare(b))).toEqual(["1000", "1002", "1008", "1011", "lost", "open"]);
}, 30_000);

test("a client that only ever begins things fills no more than an attachment holds", () => {
  const frames: ((n: number) => string)[] = [
    (n) => `SUBSCRIBE\nid:${n}\ndestination:/topic/${"猫".repeat(n % 90)}\n\n\0`,
    (n) => `BEGIN\ntransaction:${"t".repeat(n % 50)}${n}\n\n\0`,
    (n) => `SEND\ndestination:/app/x\ntransaction:0\n\n${"b".repeat(n)}\0`,
  ];
  for (const frame of frames) {
    const decoder = new FrameDecoder();
    let state = onSessionEvent(
      onSessionEvent(
        openSession("zh", 0),
        {
          type: "frame",
          frame: {
            command: "CONNECT",
            headers: new Map([
              ["accept-version", "1.2"],
              ["Authorization", "Bearer x"],
            ]),
            body: "",
          },
        },
        0,
      ).state,
      AUTHENTICATED,
      0,
    ).state;
    for (let n = 0; n < 500; n += 1) {
      decoder.push(frame(n));
      const decoded = decoder.next("1.2");
      if (decoded.type !== "incomplete") state = onSessionEvent(state, decoded, 0).state;
      expect(serialize(state).byteLength).toBeLessThan(16_384);
    }
    expect(state.phase).toBe("closed");
  }
});
