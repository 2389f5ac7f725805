import { Webhook } from "standardwebhooks";
import { describe, expect, test, vi } from "vitest";
import { type Callback, deliverCallback, type DeliverDeps } from "./deliver.ts";
import { nextTryAt } from "./schedule.ts";
import { OVERLAP_MS, webhookSecret } from "./secret.ts";
import type { Delivery } from "./store.ts";

const TOKEN_SECRET = "only-for-tests-0123456789abcdef";
const DAY_MS = 24 * 3_600_000;

const aCallback = (over: Partial<Callback> = {}): Callback => ({
  userId: 1001,
  taskId: "t2i_1",
  url: "https://client.test/hook",
  body: '{"type":"result","taskId":"t2i_1"}',
  tries: 0,
  ...over,
});

/** A receiver that answers as told, and what it was sent. */
function surroundings(answer: () => Response | Promise<Response>, over: Partial<DeliverDeps> = {}) {
  const sent: { url: string; headers: Record<string, string>; body: string; redirect: string | undefined }[] = [];
  const logged: Delivery[] = [];
  const clock = { now: Date.now() };
  const deps: DeliverDeps = {
    tokenSecret: TOKEN_SECRET,
    secretVersion: async () => ({ version: 0, rotateTime: 0 }),
    logDelivery: async (delivery) => void logged.push(delivery),
    fetch: async (url, init) => {
      const request = new Request(url, init);
      sent.push({ url, headers: Object.fromEntries(request.headers.entries()), body: await request.text(), redirect: request.redirect });
      clock.now += 40;
      return answer();
    },
    now: () => clock.now,
    ...over,
  };
  return { deps, sent, logged, clock };
}

describe("a callback", () => {
  test("is signed so that a Standard Webhooks library takes it, and another secret's does not", async () => {
    const { deps, sent } = surroundings(() => new Response());
    expect(await deliverCallback(deps, aCallback())).toBeNull();
    const { headers = {}, body = "", redirect } = sent[0] ?? {};
    expect(headers["webhook-id"]).toBe("msg_t2i_1");
    expect(redirect).toBe("manual");
    expect(new Webhook(await webhookSecret(TOKEN_SECRET, 1001, 0)).verify(body, headers)).toEqual({ type: "result", taskId: "t2i_1" });
    const stranger = new Webhook(await webhookSecret(TOKEN_SECRET, 1002, 0));
    expect(() => stranger.verify(body, headers)).toThrow("No matching signature found");
    expect(() => new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(body, headers)).toThrow("No matching signature found");
  });

  test("is signed with the rotated secret too, for a day", async () => {
    const now = Date.now();
    const rotated = (ageMs: number) => ({ now: () => now, secretVersion: async () => ({ version: 3, rotateTime: now - ageMs }) });
    const [current, before] = await Promise.all([webhookSecret(TOKEN_SECRET, 1001, 3), webhookSecret(TOKEN_SECRET, 1001, 2)]);
    const fresh = surroundings(() => new Response(), rotated(1000));
    await deliverCallback(fresh.deps, aCallback());
    for (const secret of [current, before]) new Webhook(secret).verify(fresh.sent[0]?.body ?? "", fresh.sent[0]?.headers ?? {});
    const old = surroundings(() => new Response(), rotated(OVERLAP_MS));
    await deliverCallback(old.deps, aCallback());
    expect(() => new Webhook(before).verify(old.sent[0]?.body ?? "", old.sent[0]?.headers ?? {})).toThrow("No matching signature found");
  });

  test.each([
    [204, null],
    [500, "again"],
    [404, "again"],
    // A redirect leads to an address that nobody checked.
    [302, "again"],
    [410, null],
  ])("that is answered %i is tried %s", async (status, expected) => {
    const { deps, logged } = surroundings(() => new Response(null, { status }));
    const next = await deliverCallback(deps, aCallback());
    expect(next === null ? null : "again").toBe(expected);
    expect(logged).toMatchObject([{ taskId: "t2i_1", attempt: 1, httpStatus: status, error: null, durationMs: 40, nextTime: next }]);
  });

  test("that cannot be delivered is tried again, and says no more of the network than that", async () => {
    const { deps, logged } = surroundings(() => Promise.reject(new TypeError("connect ECONNREFUSED 10.0.0.1:80")));
    expect(await deliverCallback(deps, aCallback({ tries: 1 }))).not.toBeNull();
    expect(logged).toMatchObject([{ attempt: 2, httpStatus: null, error: "could not be reached" }]);
  });

  test("that is not answered is given up after fifteen seconds, for now", async () => {
    vi.useFakeTimers();
    try {
      const called = Promise.withResolvers<void>();
      const fetch: DeliverDeps["fetch"] = (_url, init) =>
        new Promise((_resolve, reject) => {
          init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
          called.resolve();
        });
      const { deps, logged } = surroundings(() => new Response(), { fetch });
      const delivered = deliverCallback(deps, aCallback());
      await called.promise;
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await delivered).not.toBeNull();
      expect(logged).toMatchObject([{ error: "no answer in 15 s" }]);
    } finally {
      vi.useRealTimers();
    }
  });
});

test("pauses between tries grow, and end after a day", () => {
  const pauses: number[] = [];
  for (let tries = 1; ; tries++) {
    const next = nextTryAt(tries, 0);
    if (next === null) break;
    pauses.push(next);
  }
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  const total = pauses.reduce((sum, pause) => sum + pause, 0);
  expect(total).toBeGreaterThan(DAY_MS - 10 * 60_000);
  expect(total).toBeLessThanOrEqual(DAY_MS);
});
