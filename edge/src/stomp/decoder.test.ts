import { describe, expect, test } from "vitest";
import { type Chunk, FrameDecoder } from "./decoder.ts";
import { encodeFrame, type StompVersion } from "./frame.ts";
import { STOMP_LIMITS } from "./limits.ts";

interface Read {
  frames: { command: string; headers: Record<string, string>; body: string }[];
  problem: string | null;
}

function drain(decoder: FrameDecoder, read: Read, version: StompVersion): void {
  for (;;) {
    const decoded = decoder.next(version);
    if (decoded.type === "broken") read.problem = decoded.problem;
    if (decoded.type !== "frame") return;
    const { command, headers, body } = decoded.frame;
    read.frames.push({ command, headers: Object.fromEntries(headers), body });
  }
}

function decode(chunks: readonly Chunk[], version: StompVersion = "1.2"): Read {
  const decoder = new FrameDecoder();
  const read: Read = { frames: [], problem: null };
  for (const chunk of chunks) {
    decoder.push(chunk);
    drain(decoder, read, version);
  }
  return read;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const STREAM = [
  "\n\r\nCONNECT\r\naccept-version:1.2\r\nAuthorization:Bearer a\\b\r\n\r\n\0\n\n",
  encodeFrame("1.2", "SEND", { destination: "/app/a:b\\c\nd\re", 用户: "猫" }, '{"prompt":"一只可爱的猫咪🐱"}'),
  "SEND\ncontent-length:5\n\na\0\nb\0\0\n",
  "DISCONNECT\n\n\0",
].join("");

const FRAMES = [
  { command: "CONNECT", headers: { "accept-version": "1.2", Authorization: "Bearer a\\b" }, body: "" },
  {
    command: "SEND",
    headers: { destination: "/app/a:b\\c\nd\re", 用户: "猫", "content-length": "38" },
    body: '{"prompt":"一只可爱的猫咪🐱"}',
  },
  { command: "SEND", headers: { "content-length": "5" }, body: "a\0\nb\0" },
  { command: "DISCONNECT", headers: {}, body: "" },
];

describe("a stream of frames", () => {
  test("is read whole when all of it comes in one chunk", () => {
    expect(decode([STREAM])).toEqual({ frames: FRAMES, problem: null });
    expect(decode([bytesOf(STREAM)])).toEqual({ frames: FRAMES, problem: null });
  });

  test("is read the same wherever its bytes are cut, and by a decoder that goes on from what another kept", () => {
    const bytes = bytesOf(STREAM);
    for (let cut = 0; cut <= bytes.byteLength; cut += 1) {
      const [head, tail] = [bytes.slice(0, cut), bytes.slice(cut)];
      expect(decode([head, tail]), `cut at ${cut}`).toEqual({ frames: FRAMES, problem: null });

      const first = new FrameDecoder();
      const read: Read = { frames: [], problem: null };
      first.push(head);
      drain(first, read, "1.2");
      const second = new FrameDecoder();
      for (const chunk of [...first.pending(), tail]) second.push(chunk);
      drain(second, read, "1.2");
      expect(read, `resumed at ${cut}`).toEqual({ frames: FRAMES, problem: null });
    }
  });

  test("is read the same wherever its text is cut, also inside a surrogate pair", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const first = new FrameDecoder();
      const read: Read = { frames: [], problem: null };
      first.push(STREAM.slice(0, cut));
      drain(first, read, "1.2");
      const second = new FrameDecoder();
      for (const chunk of [...first.pending(), STREAM.slice(cut)]) second.push(chunk);
      drain(second, read, "1.2");
      expect(read, `cut at ${cut}`).toEqual({ frames: FRAMES, problem: null });
    }
    expect(decode([...Array(STREAM.length).keys()].map((at) => STREAM.charAt(at)))).toEqual({ frames: FRAMES, problem: null });
  });

  test("is read the same byte by byte", () => {
    expect(decode([...bytesOf(STREAM)].map((byte) => Uint8Array.of(byte)))).toEqual({ frames: FRAMES, problem: null });
  });

  test("leaves nothing to keep between frames, beats included", () => {
    const decoder = new FrameDecoder();
    decoder.push(`${STREAM}\n\r\n\n`);
    drain(decoder, { frames: [], problem: null }, "1.2");
    expect(decoder.pending()).toEqual([]);
  });

  test("lets the version of the next frame depend on the one before", () => {
    const decoder = new FrameDecoder();
    decoder.push("CONNECT\na:\\r\n\n\0SEND\na:\\r\n\n\0");
    expect(decoder.next("1.2")).toMatchObject({ type: "frame", frame: { headers: new Map([["a", "\\r"]]) } });
    expect(decoder.next("1.1")).toMatchObject({ type: "broken" });
  });
});

describe("headers", () => {
  test.each<[StompVersion, string | null]>([
    ["1.0", "\\c\\n\\\\\\r"],
    ["1.1", null],
    ["1.2", ":\n\\\r"],
  ])("are unescaped as %s wants it", (version, value) => {
    const { frames, problem } = decode(["SEND\na:\\c\\n\\\\\\r\n\n\0"], version);
    expect(frames[0]?.headers["a"] ?? null).toBe(value);
    expect(problem === null).toBe(value !== null);
  });

  test.each(["\\t", "\\", "\\C"])("with the escape %j are refused", (escape) => {
    expect(decode([`SEND\na:${escape}\n\n\0`]).problem).toBe("A header has an unknown escape");
  });

  test("that repeat count once, the first", () => {
    expect(decode(["SEND\na:1\na:2\n\n\0"]).frames[0]?.headers).toEqual({ a: "1" });
  });

  test("keep their spaces, except in 1.0", () => {
    expect(decode(["SEND\na: x \n\n\0"]).frames[0]?.headers).toEqual({ a: " x " });
    expect(decode(["SEND\na: x \n\n\0"], "1.0").frames[0]?.headers).toEqual({ a: "x" });
  });

  test("may have an empty value and colons in it, and the names of object properties", () => {
    expect(decode(["SEND\na:\nb:c:d\n__proto__:e\n\n\0"]).frames).toHaveLength(1);
    expect(decode(["SEND\na:\nb:c:d\n\n\0"]).frames[0]?.headers).toEqual({ a: "", b: "c:d" });
  });
});

describe("broken input", () => {
  test.each<[string, Chunk]>([
    ["A header line has no name or no colon", "SEND\nabc\n\n\0"],
    ["A header line has no name or no colon", "SEND\n:abc\n\n\0"],
    ["The frame ends inside its headers", "SEND\na:b\n\0"],
    ["The frame ends inside its headers", "SEND\0"],
    ["content-length is not a number", "SEND\ncontent-length:-1\n\n\0"],
    ["The body is not followed by NUL", "SEND\ncontent-length:1\n\nab\0"],
    ["The headers are not UTF-8", Uint8Array.of(0x41, 0x0a, 0xff, 0x3a, 0x0a, 0x0a, 0)],
    ["Too many headers", `SEND\n${"a:b\n".repeat(STOMP_LIMITS.headers + 1)}\n\0`],
    ["A header is too long", `SEND\na:${"b".repeat(STOMP_LIMITS.headerLineChars)}\n\n\0`],
    ["The frame is too large", `SEND\ncontent-length:${STOMP_LIMITS.frameBytes}\n\n`],
    ["The frame is too large", `SEND\n\n${"b".repeat(STOMP_LIMITS.frameBytes)}\0`],
    ["The frame is too large", `SEND\n\n${"b".repeat(STOMP_LIMITS.frameBytes)}`],
    ["The frame is too large", "a".repeat(STOMP_LIMITS.frameBytes + 1)],
    ["Too much input at once", "\n".repeat(STOMP_LIMITS.bufferedBytes + 1)],
  ])("is told: %s", (problem, chunk) => {
    expect(decode([chunk])).toEqual({ frames: [], problem });
  });

  test("stays broken, whatever follows", () => {
    expect(decode(["SEND\nabc\n\n\0", "DISCONNECT\n\n\0"]).frames).toEqual([]);
  });

  test("does not include a body that is no UTF-8", () => {
    expect(decode([Uint8Array.of(0x41, 0x0a, 0x0a, 0xff, 0)]).frames).toEqual([{ command: "A", headers: {}, body: "\ufffd" }]);
  });

  test("takes no more time when an endless frame comes in single bytes", () => {
    const decoder = new FrameDecoder();
    let decoded = decoder.next("1.2");
    let pushed = 0;
    for (; decoded.type === "incomplete"; pushed += 1) {
      decoder.push("a");
      decoded = decoder.next("1.2");
    }
    expect(decoded).toEqual({ type: "broken", problem: "The frame is too large" });
    expect(pushed).toBe(STOMP_LIMITS.frameBytes + 1);
  });

  test("never throws, in 20,000 random streams", () => {
    const pieces = [
      "CONNECT",
      "SEND",
      "\n",
      "\n\n",
      "\r\n",
      "\0",
      ":",
      "a",
      "\\c",
      "\\",
      "content-length:3",
      "🐱",
      "\ud83d",
      Uint8Array.of(0xff),
    ];
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let run = 0; run < 20_000; run += 1) {
      const chunks = Array.from({ length: random(12) }, () => pieces[random(pieces.length)] ?? "");
      const whole = decode(chunks);
      expect(whole.frames.length).toBeLessThanOrEqual(chunks.length);
    }
  });
});
