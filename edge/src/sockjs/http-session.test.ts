import { describe, expect, test } from "vitest";
import { type HttpEvent, httpDueAt, type HttpEffect, type HttpSession, type HttpStep, onHttpEvent, resumeSession } from "./http-session.ts";
import type { Waiting } from "./waiting.ts";

/** A session, its clock, and what has been written to whom. */
class Bench {
  state: HttpSession = { phase: "none" };
  now = 1_000_000;
  readonly effects: HttpEffect[] = [];
  readonly stored = new Map<number, Waiting>();
  isWriting = false;

  on(event: HttpEvent): HttpEffect[] {
    return this.#take(onHttpEvent(this.state, event, this.now));
  }

  #take({ state, effects }: HttpStep): HttpEffect[] {
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === "writing") this.isWriting = effect.isWriting;
      if (effect.type === "forget") this.stored.clear();
      if (effect.type === "keep") this.stored.set(effect.message.seq, effect.message);
      if (effect.type === "discard") for (const { seq } of effect.messages) this.stored.delete(seq);
    }
    return [...effects];
  }

  poll(receiverId: number): string[] {
    return this.#read(this.on({ type: "receive", receiverId, transport: "xhr", callback: "" }));
  }

  stream(receiverId: number): string[] {
    return this.#read(this.on({ type: "receive", receiverId, transport: "eventsource", callback: "" }));
  }

  send(text: string, isDroppable = false): string[] {
    return this.#read(this.on({ type: "send", text, isDroppable }));
  }

  /** Its client takes a response that is whole. */
  #read(effects: HttpEffect[]): string[] {
    for (const effect of effects) if (effect.type === "write" && effect.isLast) this.on({ type: "taken", receiverId: effect.receiverId });
    return writes(effects);
  }

  /** So much later, when nothing else happens. */
  pass(ms: number): HttpEffect[] {
    this.now += ms;
    return this.on({ type: "due" });
  }

  /** As after an eviction: only what was stored is known. */
  resume(): HttpEffect[] {
    return this.#take(resumeSession([...this.stored.values()], this.isWriting, this.now));
  }

  seqs(): number[] {
    return this.state.phase === "none" ? [] : this.state.waiting.map(({ seq }) => seq);
  }

  waiting(): string[] {
    return this.state.phase === "none" ? [] : this.state.waiting.map(({ text }) => text);
  }
}

function writes(effects: HttpEffect[]): string[] {
  return effects.flatMap((effect) => (effect.type === "write" ? [`${effect.receiverId}${effect.isLast ? "." : ":"}${effect.text}`] : []));
}

const types = (effects: HttpEffect[]): string[] => effects.map(({ type }) => type);

/** Opened by a poll, with nobody receiving. */
function opened(): Bench {
  const bench = new Bench();
  bench.poll(1);
  return bench;
}

/** Opened by a stream that has taken all there was. */
function streaming(): Bench {
  const bench = new Bench();
  bench.stream(1);
  bench.on({ type: "taken", receiverId: 1 });
  return bench;
}

test("opens with the first request that receives", () => {
  expect(new Bench().poll(1)).toEqual(["1.o\n"]);
  expect(new Bench().stream(1)).toEqual(["1:\r\ndata: o\r\n\r\n"]);
});

describe("messages", () => {
  test("wait between polls, are kept meanwhile, and go out in one array, in order", () => {
    const bench = opened();
    for (const text of ["a", "b"]) expect(bench.send(text)).toEqual([]);
    expect([...bench.stored.values()].map(({ text }) => text)).toEqual(["a", "b"]);
    expect(bench.poll(2)).toEqual(['2.a["a","b"]\n']);
    expect(bench.stored.size).toBe(0);
    bench.poll(3);
    expect(bench.send("c")).toEqual(['3.a["c"]\n']);
  });

  test("wait for a stream that has not taken the ones before", () => {
    const bench = streaming();
    expect(bench.send("a")).toEqual(['1:data: a["a"]\r\n\r\n']);
    expect([bench.send("b"), bench.send("c"), bench.waiting()]).toEqual([[], [], ["b", "c"]]);
    expect(writes(bench.on({ type: "taken", receiverId: 1 }))).toEqual(['1:data: a["b","c"]\r\n\r\n']);
    expect([bench.stored.size, writes(bench.on({ type: "taken", receiverId: 1 }))]).toEqual([0, []]);
  });

  test("are neither lost nor doubled when the object is evicted between any two events", () => {
    for (let evictedAt = 0; evictedAt < 8; evictedAt += 1) {
      const bench = opened();
      const received: string[] = [];
      const poll = (id: number) => received.push(...bench.poll(id));
      const events = [
        () => bench.send("a"),
        () => bench.send("b"),
        () => poll(2),
        () => poll(3),
        () => received.push(...bench.send("c")),
        () => bench.send("d"),
        () => poll(4),
      ];
      for (const [index, happen] of events.entries()) {
        if (index === evictedAt && bench.state.phase === "open" && !bench.state.receiver) bench.resume();
        happen();
      }
      expect(received.join("")).toBe('2.a["a","b"]\n3.a["c"]\n4.a["d"]\n');
    }
  });

  test.each(["poll", "stream"] as const)("that went into a %s which is cut off before it was taken end the session, and say so", (way) => {
    const bench = opened();
    bench.send("a");
    bench.on({ type: "receive", receiverId: 2, transport: way === "poll" ? "xhr" : "eventsource", callback: "" });
    expect(types(bench.on({ type: "gone", receiverId: 2 }))).toEqual(["discard", "closed", "lost"]);
    expect(bench.poll(3)).toEqual(['3.c[1002,"Connection interrupted"]\n']);
  });

  test("that were written when the object went end the session too, and those that were taken do not", () => {
    const bench = streaming();
    bench.send("a");
    bench.on({ type: "taken", receiverId: 1 });
    expect(bench.resume()).toEqual([]);
    bench.stream(2);
    bench.on({ type: "taken", receiverId: 2 });
    bench.send("b");
    expect(types(bench.resume())).toEqual(["discard", "closed", "lost"]);
    expect(bench.poll(3)).toEqual(['3.c[1002,"Connection interrupted"]\n']);
  });

  test("of a large poll may take as long as a stream", () => {
    const bench = opened();
    bench.send("a");
    bench.on({ type: "receive", receiverId: 2, transport: "xhr", callback: "" });
    expect([bench.pass(5000), bench.pass(19_999)]).toEqual([[], []]);
    expect(types(bench.pass(1))).toEqual(["discard", "closed", "lost"]);
  });

  test("that may be dropped make room, oldest first, for those that may not", () => {
    const bench = opened();
    bench.send("progress 1", true);
    for (let index = 0; index < 998; index += 1) bench.send(`result ${index}`);
    bench.send("progress 2", true);
    bench.send("result 998");
    expect(bench.waiting().slice(0, 2)).toEqual(["result 0", "result 1"]);
    expect(bench.waiting().slice(-2)).toEqual(["progress 2", "result 998"]);
    expect([...bench.stored.values()].map(({ text }) => text)).toEqual(bench.waiting());
    // One that has no room itself is left out.
    bench.send("result 999");
    bench.send("progress 3", true);
    expect([bench.waiting().length, bench.waiting().at(-1)]).toEqual([1000, "result 999"]);
  });

  test("that must not be dropped and have no room end the session, with a reason after all that waited", () => {
    const bench = opened();
    const half = "x".repeat(256 * 1024);
    bench.send(half);
    bench.send(half);
    const effects = bench.on({ type: "send", text: "one more", isDroppable: false });
    expect(types(effects)).toEqual(["closed", "lost"]);
    expect(bench.poll(2)).toEqual([`2.a["${half}","${half}"]\n`]);
    expect(bench.stored.size).toBe(0);
    expect(bench.poll(3)).toEqual(['3.c[1008,"Too slow: more messages wait than are kept"]\n']);
  });

  test("that say why the session ends have room where nothing else has", () => {
    const bench = opened();
    for (let index = 0; index < 1000; index += 1) bench.send(`result ${index}`);
    bench.on({ type: "send", text: "ERROR", isDroppable: false, isLastWord: true });
    bench.on({ type: "close", code: 1008, reason: "no" });
    const [messages = ""] = bench.poll(2);
    expect([messages.startsWith('2.a["result 0"'), messages.endsWith('"result 999","ERROR"]\n')]).toEqual([true, true]);
    expect(bench.poll(3)).toEqual(['3.c[1008,"no"]\n']);
  });

  test("that say the same need not wait twice", () => {
    const bench = opened();
    for (let beat = 0; beat < 3; beat += 1) bench.send("\n", true);
    expect(bench.poll(2)).toEqual(['2.a["\\n"]\n']);
  });

  test("end a response that has become large, and the next one goes on", () => {
    const bench = streaming();
    let sent = 0;
    for (let index = 1; bench.state.phase === "open" && bench.state.receiver; index += 1) {
      sent = index;
      bench.send("x".repeat(1000));
      bench.on({ type: "taken", receiverId: 1 });
    }
    expect(sent).toBe(Math.ceil((128 * 1024 - 15) / 1015));
    bench.send("next");
    expect(bench.stream(2)).toEqual(['2:\r\ndata: a["next"]\r\n\r\n']);
  });
});

describe("a second receiver", () => {
  test("is refused, and the first goes on", () => {
    const bench = streaming();
    expect(bench.poll(2)).toEqual(['2.c[2010,"Another connection still open"]\n']);
    expect(bench.send("a")).toEqual(['1:data: a["a"]\r\n\r\n']);
    bench.on({ type: "gone", receiverId: 2 });
    expect(bench.state.phase).toBe("open");
  });
});

describe("the clocks", () => {
  test("beat to who receives, every 25 seconds of silence", () => {
    const bench = streaming();
    expect(writes(bench.pass(24_999))).toEqual([]);
    expect(writes(bench.pass(1))).toEqual(["1:data: h\r\n\r\n"]);
    bench.on({ type: "taken", receiverId: 1 });
    bench.now += 10_000;
    bench.send("a");
    bench.on({ type: "taken", receiverId: 1 });
    expect(writes(bench.pass(24_999))).toEqual([]);
    expect(writes(bench.pass(1))).toEqual(["1:data: h\r\n\r\n"]);
  });

  test("end a session five seconds after its last request", () => {
    const bench = opened();
    bench.send("never fetched");
    expect(bench.pass(4999)).toEqual([]);
    expect(types(bench.pass(1))).toEqual(["lost", "forget"]);
    expect(bench.state).toEqual({ phase: "none" });
    expect(bench.poll(2)).toEqual(["2.o\n"]);
  });

  test("give up a stream that takes nothing", () => {
    const bench = streaming();
    bench.send("a");
    const effects = bench.pass(25_000);
    expect(writes(effects)).toEqual(['1.data: c[1002,"Connection interrupted"]\r\n\r\n']);
    expect(types(effects)).toEqual(["write", "discard", "closed", "lost"]);
  });

  test("give a session that was evicted its five seconds anew", () => {
    const bench = opened();
    bench.now += 4000;
    bench.resume();
    expect(httpDueAt(bench.state)).toBe(bench.now + 5000);
    expect(bench.poll(2)).toEqual([]);
  });
});

describe("an end", () => {
  test("by the client's leaving is told the session at once, and the next request", () => {
    const bench = streaming();
    bench.send("a");
    bench.send("b");
    expect(types(bench.on({ type: "gone", receiverId: 1 }))).toEqual(["discard", "closed", "lost"]);
    expect(bench.stored.size).toBe(0);
    for (const id of [2, 3]) expect(bench.poll(id)).toEqual([`${id}.c[1002,"Connection interrupted"]\n`]);
    expect(types(bench.pass(5000))).toEqual(["forget"]);
    expect(bench.poll(4)).toEqual(["4.o\n"]);
  });

  test("comes after the last words, over polls and over a stream", () => {
    const polled = opened();
    polled.send("ERROR");
    expect(types(polled.on({ type: "close", code: 1008, reason: "no" }))).toEqual(["closed"]);
    expect([polled.poll(2), polled.poll(3), polled.poll(4)]).toEqual([['2.a["ERROR"]\n'], ['3.c[1008,"no"]\n'], ['4.c[1008,"no"]\n']]);

    const held = opened();
    held.poll(2);
    held.send("ERROR");
    held.on({ type: "close", code: 1008, reason: "no" });
    expect(held.poll(3)).toEqual(['3.c[1008,"no"]\n']);

    const streamed = streaming();
    streamed.send("ERROR");
    streamed.send("more");
    expect(writes(streamed.on({ type: "close", code: 1008, reason: "no" }))).toEqual([
      '1.data: a["more"]\r\n\r\ndata: c[1008,"no"]\r\n\r\n',
    ]);

    const late = opened();
    late.send("ERROR");
    late.on({ type: "close", code: 1008, reason: "no" });
    expect(late.stream(2)).toEqual(['2.\r\ndata: a["ERROR"]\r\n\r\ndata: c[1008,"no"]\r\n\r\n']);
  });

  test("is final: nothing is sent or taken any more", () => {
    const bench = opened();
    bench.on({ type: "close", code: 3000, reason: "Go away!" });
    expect([bench.send("late"), bench.on({ type: "close", code: 1, reason: "" }), bench.on({ type: "taken", receiverId: 1 })]).toEqual([
      [],
      [],
      [],
    ]);
    expect(bench.poll(2)).toEqual(['2.c[3000,"Go away!"]\n']);
  });
});

const numbers = (text: string): string[] => [...text.matchAll(/<\d+>/g)].map(([one]) => one);

test("whatever happens in whatever order, a session that goes on has lost nothing and doubled nothing", () => {
  // A linear congruential generator: the same fifty thousand steps each time.
  let seed = 42;
  const random = (below: number) => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) % below;
  const counts = { delivered: 0, interrupted: 0 };
  for (let round = 0; round < 250; round += 1) {
    const bench = new Bench();
    let [nextId, nextMessage] = [1, 1];
    let sent: string[] = [];
    /** What the client has had for certain, and what is on its way to each request. */
    let delivered: string[] = [];
    let onTheWay = new Map<number, string>();
    const step = (): HttpEffect[] => {
      const kind = random(9);
      const asked = random(4) === 0 || bench.state.phase !== "open" ? nextId - 1 : (bench.state.receiver?.id ?? nextId - 1);
      if (kind < 2) {
        const transport = (["xhr", "eventsource", "jsonp"] as const)[random(3)] ?? "xhr";
        return bench.on({ type: "receive", receiverId: nextId++, transport, callback: "c" });
      }
      if (kind < 5) {
        const text = `<${nextMessage++}>`;
        if (bench.state.phase === "open") sent.push(text);
        return bench.on({ type: "send", text, isDroppable: false });
      }
      if (kind < 7) {
        delivered.push(...numbers(onTheWay.get(asked) ?? ""));
        onTheWay.delete(asked);
        return bench.on({ type: "taken", receiverId: asked });
      }
      if (kind === 7) return bench.pass(random(3000));
      if (random(4) > 0) return [];
      if (random(2) === 0) {
        onTheWay.delete(asked);
        return bench.on({ type: "gone", receiverId: asked });
      }
      onTheWay = new Map();
      return bench.state.phase === "open" ? bench.resume() : [];
    };
    for (let steps = 0; steps < 200; steps += 1) {
      const before = bench.state.phase;
      for (const effect of step()) {
        if (effect.type === "write") onTheWay.set(effect.receiverId, (onTheWay.get(effect.receiverId) ?? "") + effect.text);
        if (effect.type === "closed") counts.interrupted += 1;
      }
      expect([...bench.stored.keys()]).toEqual(bench.state.phase === "open" ? bench.seqs() : []);
      const isOpen = bench.state.phase === "open";
      // What an end takes along comes after all that was delivered; the session after it begins anew.
      const rest = isOpen ? [...[...onTheWay.values()].flatMap(numbers), ...bench.waiting()] : sent.slice(delivered.length);
      expect([...delivered, ...rest]).toEqual(sent);
      if (!isOpen && before === "open") {
        counts.delivered += delivered.length;
        [sent, delivered, onTheWay] = [[], [], new Map()];
      }
    }
  }
  expect(counts.delivered).toBeGreaterThan(1000);
  expect(counts.interrupted).toBeGreaterThan(100);
});
