import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { EndMessage } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import { frame, openWs } from "./stomp-socket.ts";
import { aUser, type TestUser } from "./system-of-one.ts";

const RESULT = "/user/topic/result";
const SOCKETS = 50;
const EVENTS = 1_000;
/** Calls that are on their way to a hub at a time: as many Dispatchers would end tasks at once. */
const AT_ONCE = 50;

const hubOf = (user: TestUser) => env.USER_HUB.get(env.USER_HUB.idFromName(String(user.id)));
const anEnd = (user: TestUser, n: number): EndMessage => ({ type: "result", taskId: `${user.id}-${n}`, status: "COMPLETED", results: [] });

/** A socket that is subscribed to results and writes down which task each MESSAGE is of, and its event. */
async function aListener(user: TestUser) {
  const { ws } = await openWs();
  const tasks: string[] = [];
  const eventIds: number[] = [];
  const subscribed = new Promise<void>((resolve) => {
    ws.addEventListener("message", ({ data }) => {
      const text = String(data);
      if (text.startsWith("RECEIPT")) resolve();
      if (!text.startsWith("MESSAGE")) return;
      tasks.push(/"taskId":"([^"]+)"/.exec(text)?.[1] ?? "");
      eventIds.push(Number(/\nevent-id:(\d+)\n/.exec(text)?.[1]));
    });
  });
  ws.accept();
  const connect = frame("CONNECT", { "accept-version": "1.2", Authorization: `Bearer ${user.token}` });
  ws.send(connect + frame("SUBSCRIBE", { id: "r", destination: RESULT, receipt: "r" }));
  await subscribed;
  return { tasks, eventIds, close: () => ws.close(1000) };
}

async function publish(user: TestUser, count: number, from = 0): Promise<void> {
  for (let first = from; first < from + count; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, from + count - first) }, (_, offset) => anEnd(user, first + offset));
    await Promise.all(batch.map((end) => hubOf(user).publishEnd(end, null)));
  }
}

test("two users with fifty sockets each get all of a thousand events that are theirs, in order, and none of the other's", async () => {
  const users = [await aUser(), await aUser()];
  const listeners = await Promise.all(users.map((user) => Promise.all(Array.from({ length: SOCKETS }, () => aListener(user)))));
  const share = EVENTS / users.length;
  await Promise.all(users.map((user) => publish(user, share)));
  for (const [index, user] of users.entries()) {
    const expected = Array.from({ length: share }, (_, n) => `${user.id}-${n}`);
    for (const { tasks, eventIds, close } of listeners[index] ?? []) {
      await expect.poll(() => tasks.length).toBe(share);
      expect(tasks).toEqual(expected);
      expect(eventIds).toEqual(eventIds.toSorted((a, b) => a - b));
      close();
    }
  }
}, 60_000);

test("nothing is lost or told twice when the hub is restarted between any two events, or one is published again", async () => {
  const user = await aUser();
  const [first, second] = [await aListener(user), await aListener(user)];
  for (let n = 0; n < 6; n += 1) {
    await evictDurableObject(hubOf(user));
    await publish(user, 1, n);
    await evictDurableObject(hubOf(user));
    // As the outbox does, when the answer to the first was lost with the hub.
    await publish(user, 1, n);
  }
  const expected = Array.from({ length: 6 }, (_, n) => `${user.id}-${n}`);
  for (const { tasks } of [first, second]) expect(tasks).toEqual(expected);
  await evictDurableObject(hubOf(user));
  const late = await aListener(user);
  await expect.poll(() => late.tasks).toEqual(expected);
  expect(late.eventIds).toEqual(first.eventIds);
  for (const { close } of [first, second, late]) close();
});

test("a client that says what it had last is told exactly the rest, or that there is a gap", async () => {
  const user = await aUser();
  await publish(user, 4);
  const { eventIds, close } = await aListener(user);
  await expect.poll(() => eventIds.length).toBe(4);
  close();
  const resume = async (lastEventId: number) => {
    const { ws } = await openWs();
    const bodies: unknown[] = [];
    const isThere = new Promise<void>((resolve) => {
      ws.addEventListener("message", ({ data }) => {
        const text = String(data);
        if (text.startsWith("MESSAGE")) bodies.push(JSON.parse(text.slice(text.indexOf("\n\n") + 2, -1)));
        if (text.startsWith("RECEIPT")) resolve();
      });
    });
    ws.accept();
    ws.send(frame("CONNECT", { "accept-version": "1.2", Authorization: `Bearer ${user.token}` }));
    ws.send(frame("SUBSCRIBE", { id: "r", destination: RESULT, receipt: "r", "last-event-id": String(lastEventId) }));
    await isThere;
    return { bodies, close: () => ws.close(1000) };
  };
  const rest = await resume(eventIds[1]!);
  await expect.poll(() => rest.bodies).toMatchObject([{ taskId: `${user.id}-2` }, { taskId: `${user.id}-3` }]);
  const unknown = await resume(999_999);
  await expect
    .poll(() => unknown.bodies)
    .toMatchObject([
      { type: "gap", afterEventId: 999_999, resumedAfterEventId: 0 },
      ...[0, 1, 2, 3].map((n) => ({ taskId: `${user.id}-${n}` })),
    ]);
  for (const socket of [rest, unknown]) socket.close();
});
