import { describe, expect, test } from "vitest";
import type { AppCaller, AppReply, AppRequest, SessionEvent } from "../stomp/session-state.ts";
import { HeldRequests } from "./held-requests.ts";
import { RequestQueue } from "./request-queue.ts";

const CALLER: AppCaller = { userId: 7, authSessionId: "sign-in", scopes: null, language: "en" };
const aRequest = (body: string, headers: Record<string, string> = {}): AppRequest => ({ destination: "/app/x", headers, body });

/** Requests are answered when the test lets them be. */
function surroundings() {
  const events: SessionEvent[] = [];
  const open: { body: string; answer: (reply: AppReply | null) => void }[] = [];
  const queue = new RequestQueue({
    answer: (_caller, { body }) => new Promise((answer) => open.push({ body, answer })),
    tell: async (event) => void events.push(event),
    now: () => 0,
  });
  const answer = async (reply: AppReply | null = { headers: {}, body: "" }) => {
    await expect.poll(() => open.length, { interval: 1 }).toBe(1);
    const { body, answer: give } = open.shift()!;
    give(reply && { headers: {}, body: `re ${body}` });
  };
  return { queue, events, open, answer };
}

describe("requests of a session", () => {
  test("are answered one after the other, each with its receipt, those of a commit together", async () => {
    const { queue, events, answer } = surroundings();
    const all = [queue.add(CALLER, [aRequest("a")], null), queue.add(CALLER, [aRequest("b"), aRequest("c")], "r")];
    for (let request = 0; request < 3; request += 1) await answer();
    await Promise.all(all);
    expect(events).toEqual([
      { type: "replied", replies: [{ headers: {}, body: "re a" }], receipt: null },
      { type: "replied", replies: ["re b", "re c"].map((body) => ({ headers: {}, body })), receipt: "r" },
    ]);
  });

  test("are answered at once that they are too many, beyond 32 that wait", async () => {
    const { queue, events, answer } = surroundings();
    const waiting = Array.from({ length: 32 }, () => queue.add(CALLER, [aRequest("a")], null));
    await queue.add(CALLER, [aRequest("b", { "correlation-id": "c" })], "r");
    const [refused] = events;
    expect(refused).toMatchObject({ type: "replied", receipt: "r", replies: [{ headers: { "correlation-id": "c", "retry-after": "5" } }] });
    const [reply] = refused?.type === "replied" ? refused.replies : [];
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({ type: "error", code: 429, correlationId: "c", destination: "/app/x" });

    for (let request = 0; request < 32; request += 1) await answer();
    await Promise.all(waiting);
    const next = queue.add(CALLER, [aRequest("a")], null);
    await answer();
    await next;
  });

  test("end the session when its sign-in has ended, and none after it is performed", async () => {
    const { queue, events, open, answer } = surroundings();
    const asked = queue.add(CALLER, [aRequest("a"), aRequest("b")], "r");
    await answer(null);
    await asked;
    expect(events).toEqual([{ type: "ended", reason: "The sign-in has ended" }]);
    expect(open).toEqual([]);
  });

  test("that fail do not keep the next ones from being answered", async () => {
    let tries = 0;
    const queue = new RequestQueue({
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
  const rows = new Map<string, AppRequest>();
  const held = new HeldRequests({
    list: ({ prefix }) => [...rows].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    put: (key, request) => void rows.set(key, request),
    delete: (key) => rows.delete(key),
  });
  for (let send = 0; send < 12; send += 1) held.hold(1, aRequest(`${send}`));
  held.hold(11, aRequest("other"));
  expect(held.release(1).map(({ body }) => body)).toEqual(Array.from({ length: 12 }, (_, send) => `${send}`));
  expect(held.release(1)).toEqual([]);
  expect(held.release(11)).toHaveLength(1);
});
