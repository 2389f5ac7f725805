import { describe, expect, test } from "vitest";
import type { AppCaller, AppReply, AppRequest, SessionEvent } from "../stomp/session-state.ts";
import { HeldRequests } from "./held-requests.ts";
import { type Asked, OpenRequests } from "./open-requests.ts";
import { RequestQueue } from "./request-queue.ts";

const CALLER: AppCaller = { session: "s-1", userId: 7, authSessionId: "sign-in", scopes: null, language: "en" };
const aRequest = (body: string, headers: Record<string, string> = {}): AppRequest => ({ destination: "/app/x", headers, body });

/** An object's storage. */
function memoryRows<T>() {
  const rows = new Map<string, T>();
  const kv = {
    list: ({ prefix }: { prefix: string }) => [...rows].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    put: (key: string, row: T) => void rows.set(key, row),
    delete: (key: string) => rows.delete(key),
  };
  return { rows, kv };
}

/** Requests are answered when the test lets them be. */
function surroundings() {
  const events: SessionEvent[] = [];
  const open: { body: string; answer: (reply: AppReply | null) => void }[] = [];
  const { rows, kv } = memoryRows<Asked>();
  const queue = new RequestQueue({
    open: new OpenRequests(kv),
    answer: (_caller, { body }) => new Promise((answer) => open.push({ body, answer })),
    tell: async (event) => void events.push(event),
    now: () => 0,
  });
  const answer = async (reply: AppReply | null = { headers: {}, body: "" }) => {
    await expect.poll(() => open.length, { interval: 1 }).toBe(1);
    const { body, answer: give } = open.shift()!;
    give(reply && { headers: {}, body: `re ${body}` });
  };
  return { queue, events, open, answer, rows, kv };
}

describe("requests of a session", () => {
  test("are answered one after the other, each with its receipt, those of a commit together", async () => {
    const { queue, events, answer } = surroundings();
    const all = [queue.add(CALLER, [aRequest("a")], null), queue.add(CALLER, [aRequest("b"), aRequest("c")], "r")];
    for (let request = 0; request < 3; request += 1) await answer();
    await Promise.all(all);
    expect(events).toEqual([
      { type: "replied", session: "s-1", replies: [{ headers: {}, body: "re a" }], receipt: null },
      { type: "replied", session: "s-1", replies: ["re b", "re c"].map((body) => ({ headers: {}, body })), receipt: "r" },
    ]);
  });

  test("are answered that they are too many, beyond 32 that wait, but not before those", async () => {
    const { queue, events, answer } = surroundings();
    const all = Array.from({ length: 32 }, () => queue.add(CALLER, [aRequest("a")], null));
    all.push(queue.add(CALLER, [aRequest("b", { "correlation-id": "c" })], "r"));
    for (let request = 0; request < 32; request += 1) await answer();
    await Promise.all(all);
    expect(events).toHaveLength(33);
    const refused = events.at(-1);
    expect(refused).toMatchObject({ type: "replied", receipt: "r", replies: [{ headers: { "correlation-id": "c", "retry-after": "5" } }] });
    const [reply] = refused?.type === "replied" ? refused.replies : [];
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({ type: "error", code: 429, correlationId: "c", destination: "/app/x" });
    const next = queue.add(CALLER, [aRequest("a")], null);
    await answer();
    await next;
  });

  test("that go on after 200 were refused end the session, and cost nothing more", async () => {
    const { queue, events, rows } = surroundings();
    for (let request = 0; request < 32; request += 1) void queue.add(CALLER, [aRequest("a")], null);
    for (let request = 0; request < 1000; request += 1) void queue.add(CALLER, [aRequest("b")], null);
    expect(events).toEqual([{ type: "ended", reason: "Too many requests, sent on after being told so", session: "s-1" }]);
    expect(rows.size).toBe(32);
  });

  test("that are lost with the object are answered that nobody knows whether they were done, once", async () => {
    const { queue, rows, kv } = surroundings();
    void queue.add(CALLER, [aRequest("a"), aRequest("b", { "Correlation-Id": "c" })], "r");
    const events: SessionEvent[] = [];
    const tell = async (event: SessionEvent) => void events.push(event);
    const restart = () => new RequestQueue({ answer: async () => null, tell, open: new OpenRequests(kv), now: () => 5 });
    await restart().answerLost();
    const [lost] = events;
    expect(lost).toMatchObject({ type: "replied", session: "s-1", receipt: "r", replies: [{}, { headers: { "Correlation-Id": "c" } }] });
    const [, reply] = lost?.type === "replied" ? lost.replies : [];
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({ type: "error", code: 503, correlationId: "c", destination: "/app/x" });
    await restart().answerLost();
    expect([events.length, rows.size]).toEqual([1, 0]);
  });

  test("that were answered are not answered again after a restart", async () => {
    const { queue, rows, answer } = surroundings();
    const asked = queue.add(CALLER, [aRequest("a")], null);
    await answer();
    await asked;
    expect(rows.size).toBe(0);
  });

  test("end the session when its sign-in has ended, and none after it is performed", async () => {
    const { queue, events, open, answer } = surroundings();
    const asked = queue.add(CALLER, [aRequest("a"), aRequest("b")], "r");
    await answer(null);
    await asked;
    expect(events).toEqual([{ type: "ended", reason: "The sign-in has ended", session: "s-1" }]);
    expect(open).toEqual([]);
  });

  test("that fail do not keep the next ones from being answered", async () => {
    let tries = 0;
    const queue = new RequestQueue({
      open: new OpenRequests(memoryRows<Asked>().kv),
      answer: async () => ({ headers: {}, body: "" }),
      tell: async () => {
        if ((tries += 1) === 1) throw new Error("the socket is gone");
      },
      now: () => 0,
    });
    await expect(queue.add(CALLER, [aRequest("a")], null)).rejects.toThrow("gone");
    await queue.add(CALLER, [aRequest("b")], null);
    expect(tries).toBe(2);
  });
});

test("requests that are held are released in their order, by transaction, once", () => {
  const held = new HeldRequests(memoryRows<AppRequest>().kv);
  for (let send = 0; send < 12; send += 1) held.hold(1, aRequest(`${send}`));
  held.hold(11, aRequest("other"));
  expect(held.release(1).map(({ body }) => body)).toEqual(Array.from({ length: 12 }, (_, send) => `${send}`));
  expect(held.release(1)).toEqual([]);
  expect(held.release(11)).toHaveLength(1);
});
