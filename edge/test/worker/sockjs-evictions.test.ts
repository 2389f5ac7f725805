import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { EndMessage } from "@star-graph/shared/push";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Held, newSessionId, objectOf, request, SockJsSocket } from "./sockjs-http.ts";
import { frame } from "./stomp-socket.ts";
import { aUser, type TestUser } from "./system-of-one.ts";

const RESULT = "/user/topic/result";

let user: TestUser;
let nextTask = 1;

beforeEach(async () => {
  user = await aUser();
});

const hub = () => env.USER_HUB.get(env.USER_HUB.idFromName(String(user.id)));

/** Has the hub tell an end, and itself be evicted. @returns the task. */
async function anEnd(): Promise<string> {
  const taskId = `t2i_20261122_${String(nextTask++).padStart(12, "0")}`;
  const end: EndMessage = { type: "result", taskId, status: "COMPLETED", results: [] };
  await hub().publishEnd(end, null);
  await evictDurableObject(hub());
  return taskId;
}

/** The steps of every session's life, each of which may be the last before its object goes. */
interface Line {
  send(...messages: string[]): Promise<void>;
  /** Everything that has come, as frames of STOMP. */
  received(): Promise<string[]>;
  evict(): Promise<void>;
}

async function overWebSocket(): Promise<Line> {
  const socket = await SockJsSocket.open();
  await socket.next();
  const frames: string[] = [];
  socket.ws.addEventListener("message", ({ data }) => void frames.push(String(data)));
  return {
    async send(...messages) {
      socket.ws.send(JSON.stringify(messages));
    },
    received: async () => frames.filter((one) => one.startsWith("a")).flatMap((one) => JSON.parse(one.slice(1)) as string[]),
    // Refused while it sleeps already, that is until what was sent last has woken it.
    evict: () => vi.waitFor(() => evictDurableObject(socket.object, { webSockets: "hibernate" })),
  };
}

async function overPolls(): Promise<Line> {
  const id = newSessionId();
  const url = `/000/${id}`;
  expect(await (await request("POST", `${url}/xhr`)).text()).toBe("o\n");
  const received: string[] = [];
  const send = async (...messages: string[]) => {
    expect((await request("POST", `${url}/xhr_send`, { body: JSON.stringify(messages) })).status).toBe(204);
  };
  return {
    send,
    async received() {
      const poll = await Held.open("POST", `${url}/xhr`);
      // A beat of its own ends the poll, when nothing else has.
      await send("\n");
      const text = await poll.rest();
      received.push(...(JSON.parse(text.slice(1)) as string[]).filter((one) => one !== "\n"));
      return received;
    },
    evict: () => vi.waitFor(() => evictDurableObject(objectOf(id))),
  };
}

describe.each([
  ["a WebSocket", overWebSocket],
  ["polls", overPolls],
])("a session over %s", (_name, open) => {
  test("lives on when its object goes after any of its steps: nothing is lost, nothing comes twice", async () => {
    const line = await open();
    await line.evict();
    await line.send(frame("CONNECT", { "accept-version": "1.2", Authorization: `Bearer ${user.token}` }));
    await line.evict();
    const subscribe = frame("SUBSCRIBE", { id: "1", destination: RESULT, receipt: "subscribed" });
    await line.send(subscribe.slice(0, 20));
    await line.evict();
    await line.send(subscribe.slice(20, 21), subscribe.slice(21, 30));
    await line.evict();
    await line.send(subscribe.slice(30));
    await line.evict();
    await vi.waitFor(async () => expect((await line.received()).at(-1)).toContain("receipt-id:subscribed"));
    const tasks = [];
    for (let index = 0; index < 3; index += 1) {
      tasks.push(await anEnd());
      await line.evict();
    }
    await line.send(frame("BEGIN", { transaction: "t" }));
    await line.evict();
    await line.send(
      frame("SEND", { destination: "/app/nothing", transaction: "t" }),
      frame("COMMIT", { transaction: "t", receipt: "committed" }),
    );
    await vi.waitFor(async () => expect((await line.received()).at(-1)).toContain("receipt-id:committed"));
    const all = (await line.received()).map((text) =>
      /^(\w+)\n(?:.*\n)*?(?:receipt-id:(\w+)\n)?(?:.*\n)*?\n(?:.*"taskId":"(\w+)")?/.exec(text)?.slice(1),
    );
    expect(all.map((one) => one?.filter((part) => part !== undefined).join(" "))).toEqual([
      "CONNECTED",
      "RECEIPT subscribed",
      ...tasks.map((taskId) => `MESSAGE ${taskId}`),
      "RECEIPT committed",
    ]);
  });
});

describe("a quiet session on a WebSocket", () => {
  test.each([
    ["raw", "", "\n", "\n"],
    ["sockjs", "/000/quiet", '["\\n"]', 'a["\\n"]'],
  ])("(%s) is answered its beats while its object sleeps, and is not woken before its token expires", async (framing, url, beat, echo) => {
    const { ws, object } = await SockJsSocket.open(url);
    const received: string[] = [];
    ws.addEventListener("message", ({ data }) => void received.push(String(data)));
    const connect = frame("CONNECT", { "accept-version": "1.1", "heart-beat": "10000,10000", Authorization: `Bearer ${user.token}` });
    ws.send(framing === "raw" ? connect : JSON.stringify([connect]));
    await expect.poll(() => received.join()).toContain("heart-beat:10000,10000");
    await evictDurableObject(object, { webSockets: "hibernate" });
    for (let beats = 1; beats <= 3; beats += 1) {
      ws.send(beat);
      await expect.poll(() => received.slice(-beats)).toEqual(Array.from({ length: beats }, () => echo));
    }
    await expect(evictDurableObject(object)).rejects.toThrow(/not currently running/);
    const alarm = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeGreaterThan(Date.now() + 3_600_000);
    ws.close(1000);
  });
});

describe("a session over HTTP", () => {
  /** Past CONNECT, subscribed to that, and all of it taken. */
  async function subscribed(destination: string) {
    const id = newSessionId();
    const url = `/000/${id}`;
    expect(await (await request("POST", `${url}/xhr`)).text()).toBe("o\n");
    const connect = frame("CONNECT", { Authorization: `Bearer ${user.token}` });
    await request("POST", `${url}/xhr_send`, { body: JSON.stringify([connect, frame("SUBSCRIBE", { id: "1", destination })]) });
    expect(await (await request("POST", `${url}/xhr`)).text()).toContain("CONNECTED");
    return { id, url };
  }

  test("says that it was interrupted, and hides nothing, when a poll is cut off before its client took it", async () => {
    const { url } = await subscribed(RESULT);
    // More than the platform takes before anybody reads it: of what is small it says that it was taken.
    await hub().publishEnd({ type: "result", taskId: "t".repeat(400_000), status: "COMPLETED", results: [] }, null);
    const cut = await request("POST", `${url}/xhr`);
    await cut.body?.cancel();
    await anEnd();
    expect(await (await request("POST", `${url}/xhr`)).text()).toBe('c[1002,"Connection interrupted"]\n');
  });

  test("is told what became of a request that was under way when its object went: nobody knows", async () => {
    const { id, url } = await subscribed("/user/queue/reply");
    const send = frame("SEND", { destination: "/app/task/status", receipt: "r", "correlation-id": "c" }, "{}");
    expect((await request("POST", `${url}/xhr_send`, { body: JSON.stringify([send]) })).status).toBe(204);
    await evictDurableObject(objectOf(id));
    const told = await Held.open("POST", `${url}/xhr`);
    const text = await told.rest();
    expect([text.includes('\\"correlationId\\":\\"c\\"'), text.includes("correlation-id:c")]).toEqual([true, true]);
    expect(text + (text.includes("receipt-id:r") ? "" : await (await request("POST", `${url}/xhr`)).text())).toContain("receipt-id:r");
  });

  test("keeps what waits for its next poll when its object goes, in order", async () => {
    const id = newSessionId();
    const url = `/000/${id}`;
    expect(await (await request("POST", `${url}/xhr`)).text()).toBe("o\n");
    const connect = frame("CONNECT", { Authorization: `Bearer ${user.token}` });
    await request("POST", `${url}/xhr_send`, { body: JSON.stringify([connect, frame("SUBSCRIBE", { id: "1", destination: RESULT })]) });
    const tasks = [await anEnd(), await anEnd()];
    await evictDurableObject(objectOf(id));
    tasks.push(await anEnd());
    await evictDurableObject(objectOf(id));
    const text = await (await request("POST", `${url}/xhr`)).text();
    const messages = JSON.parse(text.slice(1)) as string[];
    expect(messages[0]).toMatch(/^CONNECTED/);
    expect(messages.slice(1).map((one) => /"taskId":"(\w+)"/.exec(one)?.[1])).toEqual(tasks);
  });
});

describe("a session that its hub does not know any more", () => {
  test("is told so when it subscribes, instead of waiting for nothing", async () => {
    const { ws } = await SockJsSocket.open("");
    const received: string[] = [];
    ws.addEventListener("message", ({ data }) => void received.push(String(data)));
    ws.send(frame("CONNECT", { "accept-version": "1.2", Authorization: `Bearer ${user.token}` }));
    await expect.poll(() => received.join()).toContain("CONNECTED");
    await runInDurableObject(hub(), (_, { storage }) => void storage.sql.exec("DELETE FROM live_sessions"));
    await evictDurableObject(hub());
    ws.send(frame("SUBSCRIBE", { id: "1", destination: RESULT, receipt: "r" }));
    await expect.poll(() => received.at(-1)).toMatch(/^ERROR\n(.*\n)*message:The session has ended/);
    expect(received.join()).not.toContain("RECEIPT");
  });

  test("is told nothing that is meant for the one before it", async () => {
    const { ws, object: unnamed } = await SockJsSocket.open("");
    const object = env.SOCK_SESSION.get(unnamed.id);
    const received: string[] = [];
    ws.addEventListener("message", ({ data }) => void received.push(String(data)));
    ws.send(frame("CONNECT", { "accept-version": "1.2", Authorization: `Bearer ${user.token}` }));
    ws.send(frame("SUBSCRIBE", { id: "1", destination: RESULT, receipt: "r" }));
    await expect.poll(() => received.join()).toContain("RECEIPT");
    expect(await object.deliver("another", [{ destination: RESULT, body: "{}", eventId: 1, isDroppable: false }])).toBeNull();
    await object.end("another", "logged out");
    const taskId = await anEnd();
    await expect.poll(() => received.slice(2).map((text) => /"taskId":"(\w+)"/.exec(text)?.[1])).toEqual([taskId]);
    ws.close(1000);
  });
});
