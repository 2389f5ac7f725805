import { evictDurableObject, listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { IFrame, IMessage } from "@stomp/stompjs";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { aUser, anAgentKey, call, cancelAll, dataOf, submit, type TestUser, untilAgents, untilStatus } from "./system-of-one.ts";
import { tokenOf } from "./signed-in.ts";
import { aStompClient, frame, openWs, StompSocket } from "./stomp-socket.ts";
import { TestAgent } from "./test-agent.ts";

const PROGRESS = "/user/topic/progress";
const RESULT = "/user/topic/result";
const REPLY = "/user/queue/reply";

let user: TestUser;
let key: string;
const agents: TestAgent[] = [];
const sockets: StompSocket[] = [];

beforeAll(async () => {
  key = await anAgentKey((await aUser()).id);
});

// A fresh subscription is told the ends of the last minutes, and so those of the test before.
beforeEach(async () => {
  user = await aUser();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  await untilAgents(0);
});

async function anAgent(options: Parameters<typeof TestAgent.ready>[1] = {}) {
  const agent = await TestAgent.ready(key, options);
  agents.push(agent);
  return agent;
}

async function aSocket() {
  const socket = await StompSocket.open();
  sockets.push(socket);
  return socket;
}

/** Connected as that user and subscribed. */
async function aListener(who: TestUser, ...destinations: string[]) {
  const socket = await StompSocket.connected(who.token);
  sockets.push(socket);
  await socket.subscribe(...destinations);
  return socket;
}

/** Has a task of that user accepted by the agent. */
async function aRunningTask(agent: TestAgent, who: TestUser = user, json: Record<string, unknown> = { prompt: "a cat" }) {
  const { taskId } = await submit(who, json);
  const offer = await agent.acceptOffer();
  await untilStatus(who, taskId, "PROCESSING");
  const step = (number: number) =>
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: number, totalSteps: 30 });
  const complete = async () => {
    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    await agent.next("ack");
  };
  return { taskId, offer, step, complete };
}

const hubOf = (who: TestUser) => env.USER_HUB.get(env.USER_HUB.idFromName(String(who.id)));

describe("the handshake at /ws", () => {
  test.each([
    ["v12.stomp, v11.stomp, v10.stomp", "v12.stomp"],
    ["v10.stomp,v11.stomp", "v11.stomp"],
    ["chat, v10.stomp", "v10.stomp"],
    ["chat", null],
    [null, null],
  ])("answers the sub-protocols %s with %s", async (offered, chosen) => {
    const { ws, protocol } = await openWs(offered === null ? {} : { "Sec-WebSocket-Protocol": offered });
    ws.accept();
    ws.close(1000);
    expect(protocol).toBe(chosen);
  });
});

describe("CONNECT", () => {
  test.each(["Authorization", "authorization"])("with the token of a login in %s is answered", async (header) => {
    const socket = await aSocket();
    socket.connect({ [header]: `Bearer ${user.token}`, "heart-beat": "10000,5000" });
    expect((await socket.next("CONNECTED")).headers).toMatchObject({
      version: "1.2",
      "user-name": user.username,
      "heart-beat": "10000,10000",
    });
  });

  test.each([
    ["1.0", "1.0"],
    ["1.1,1.0", "1.1"],
    ["1.0,1.1,1.2,2.0", "1.2"],
  ])("of a client that knows %s speaks %s", async (accepted, version) => {
    const socket = await aSocket();
    socket.connect({ "accept-version": accepted, Authorization: `Bearer ${user.token}` });
    expect((await socket.next("CONNECTED")).headers["version"]).toBe(version);
  });

  test("with a refresh token, a forged one or none is an ERROR and the end", async () => {
    const refused: Record<string, string>[] = [
      {},
      { Authorization: user.token },
      { Authorization: "Bearer nonsense" },
      { Authorization: `Bearer ${user.refreshToken}` },
      { Authorization: `Bearer ${user.token.slice(0, -4)}AAAA` },
    ];
    for (const headers of refused) {
      const socket = await aSocket();
      socket.connect(headers);
      expect((await socket.next("ERROR")).headers["message"]).toMatch(/^Not authenticated/);
      expect(await socket.untilClosed()).toMatchObject({ code: 1008 });
      expect(socket.received.map(({ command }) => command)).toEqual(["ERROR"]);
    }
  });

  test("must come first", async () => {
    const socket = await aSocket();
    socket.send("SUBSCRIBE", { id: "1", destination: RESULT, receipt: "r-1" });
    expect((await socket.next("ERROR")).headers).toMatchObject({ message: "The first frame must be CONNECT", "receipt-id": "r-1" });
    expect(await socket.untilClosed()).toMatchObject({ code: 1002 });
  });

  test("is answered before the frames that came in the same message", async () => {
    const socket = await aSocket();
    const connect = frame("CONNECT", { "accept-version": "1.2", Authorization: `Bearer ${user.token}` });
    const subscribe = frame("SUBSCRIBE", { id: "1", destination: RESULT, receipt: "r-1" });
    socket.ws.send(`${connect}\n${subscribe}`);
    await socket.next("RECEIPT");
    expect(socket.received.map(({ command }) => command)).toEqual(["CONNECTED", "RECEIPT"]);
  });
});

describe("a task", () => {
  test("is told step by step and to its end, as spec 8.3 writes it", async () => {
    const agent = await anAgent();
    const socket = await aListener(user, PROGRESS, RESULT, REPLY);
    const { taskId, offer, step, complete } = await aRunningTask(agent, user, { prompt: "一只猫", clientId: "mine" });
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "loading", step: 0, totalSteps: 0 });
    step(15);
    const ids = { type: "progress", taskId, clientId: "mine", attempt: 1, estimatedTime: expect.any(Number) };
    expect(await socket.nextMessage(PROGRESS)).toEqual({
      ...ids,
      progress: 0,
      currentStep: 0,
      totalSteps: 0,
      phase: "loading",
      message: "正在加载模型...",
    });
    expect(await socket.nextMessage(PROGRESS)).toEqual({
      ...ids,
      progress: 50,
      currentStep: 15,
      totalSteps: 30,
      phase: "sampling",
      message: "正在生成图像...",
    });

    await complete();
    const result = await socket.nextMessage(RESULT);
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:8787\/files\/results\/[0-9a-f]{32}\/0(_thumb)?\.png$/);
    expect(result).toEqual({
      type: "result",
      taskId,
      clientId: "mine",
      status: "COMPLETED",
      results: [{ url, thumbnailUrl: url }],
    });
    const [file] = result["results"] as { url: string; thumbnailUrl: string }[];
    expect((await call("GET", new URL(file!.url).pathname)).status).toBe(200);

    const [message] = socket.received.filter(({ command }) => command === "MESSAGE");
    expect(message!.headers).toMatchObject({
      destination: PROGRESS,
      subscription: "1",
      "content-type": "application/json",
      "content-length": String(new TextEncoder().encode(message!.body).length),
      "message-id": expect.any(String),
    });
    const messageIds = socket.received.filter(({ command }) => command === "MESSAGE").map(({ headers }) => headers["message-id"]);
    expect(new Set(messageIds).size).toBe(messageIds.length);
  });

  test("that failed is told as an error where its result was waited for", async () => {
    const agent = await anAgent();
    const socket = await aListener(user, PROGRESS, RESULT);
    const { taskId, offer } = await aRunningTask(agent);
    agent.send({ type: "failed", attemptId: offer.attemptId, error: "MODEL_LOAD_FAILED", message: "no such file", retryable: false });
    expect(await socket.nextMessage(RESULT)).toEqual({ type: "error", taskId, code: "E001", message: "生成失败：模型加载失败" });
  });

  test("that was cancelled is told as a result without pictures, whether it ran or waited", async () => {
    const agent = await anAgent();
    const socket = await aListener(user, RESULT);
    const { taskId: running } = await aRunningTask(agent);
    agent.send({ type: "ready", freeSlots: 0 });
    const { taskId: waiting } = await submit(user, { prompt: "a cat", clientId: "second" });
    for (const [taskId, more] of [
      [running, { stopping: true }],
      [waiting, { clientId: "second" }],
    ] as const) {
      await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
      expect(await socket.nextMessage(RESULT)).toEqual({ type: "result", taskId, ...more, status: "CANCELLED", results: [] });
    }
  });

  test("is told to every socket of its user and to nobody else's", async () => {
    const agent = await anAgent();
    const other = await aUser();
    const mine = [await aListener(user, PROGRESS, RESULT), await aListener(user, RESULT, PROGRESS)];
    const theirs = await aListener(other, PROGRESS, RESULT);
    const first = await aRunningTask(agent);
    const second = await aRunningTask(agent, other);
    first.step(3);
    second.step(4);
    await first.complete();
    await second.complete();
    for (const socket of [...mine, theirs]) await socket.nextMessage(RESULT);
    for (const socket of mine) {
      expect(socket.messages().map(({ type, taskId }) => [type, taskId])).toEqual([
        ["progress", first.taskId],
        ["result", first.taskId],
      ]);
    }
    expect(theirs.messages().map(({ type, taskId }) => [type, taskId])).toEqual([
      ["progress", second.taskId],
      ["result", second.taskId],
    ]);
  });

  test("is told only where it was subscribed, and no more after UNSUBSCRIBE", async () => {
    const agent = await anAgent();
    const socket = await aListener(user, PROGRESS, RESULT);
    const { taskId, step, complete } = await aRunningTask(agent);
    step(1);
    await socket.nextMessage(PROGRESS);
    socket.send("UNSUBSCRIBE", { id: "1", receipt: "unsubscribed" });
    await socket.next("RECEIPT");
    step(2);
    await complete();
    await socket.nextMessage(RESULT);
    expect(socket.messages().map(({ type, currentStep }) => [type, currentStep])).toEqual([
      ["progress", 1],
      ["result", undefined],
    ]);
    expect(socket.messages().at(-1)).toMatchObject({ taskId });
  });

  test("is told to who subscribes late: its newest step, then an end that nobody was there for", async () => {
    const agent = await anAgent();
    const { taskId, step, complete } = await aRunningTask(agent);
    const watching = await aListener(user, PROGRESS);
    step(7);
    step(20);
    await expect.poll(() => watching.messages().at(-1)).toMatchObject({ currentStep: 20 });
    const late = await aListener(user, PROGRESS);
    expect(await late.nextMessage(PROGRESS)).toMatchObject({ taskId, currentStep: 20, progress: 66 });
    expect(late.messages()).toHaveLength(1);

    await complete();
    const later = await aListener(user, PROGRESS, RESULT);
    expect(await later.nextMessage(RESULT)).toMatchObject({ taskId, status: "COMPLETED" });
    expect(later.messages()).toHaveLength(1);
  });

  test("whose end a session was too late for is told it, also when the hub was evicted in between or another has taken it", async () => {
    const agent = await anAgent();
    const { taskId, complete } = await aRunningTask(agent);
    await complete();
    await evictDurableObject(hubOf(user));
    const first = await aListener(user, RESULT);
    expect(await first.nextMessage(RESULT)).toMatchObject({ taskId });
    await evictDurableObject(hubOf(user));

    const second = await aListener(user, RESULT);
    expect(await second.nextMessage(RESULT)).toMatchObject({ taskId });
    const next = await aRunningTask(agent);
    await next.complete();
    for (const socket of [first, second]) expect(await socket.nextMessage(RESULT)).toMatchObject({ taskId: next.taskId });
    // Each once, whatever slept meanwhile.
    expect([first.messages(), second.messages()].map((messages) => messages.length)).toEqual([2, 2]);
  });
});

describe("a socket", () => {
  test("is told by an ERROR that its user has signed out, and closed", async () => {
    const leaving = await aUser();
    const { body } = await call("POST", "/api/v1/auth/login", { json: { username: leaving.username, password: leaving.password } });
    const stays = await aListener({ ...leaving, token: String(body["token"]) }, RESULT);
    const socket = await aListener(leaving, RESULT);
    expect((await call("POST", "/api/v1/auth/logout", { token: leaving.token })).status).toBe(200);
    expect((await socket.next("ERROR")).headers["message"]).toBe("logged out");
    expect(await socket.untilClosed()).toMatchObject({ code: 1008, reason: "logged out" });

    // Another sign-in of the same user is another matter.
    stays.send("SEND", { destination: "/app/nothing" });
    await stays.subscribe(REPLY);
    expect(stays.received.filter(({ command }) => command === "ERROR")).toEqual([]);

    const again = await aSocket();
    again.connect({ Authorization: `Bearer ${leaving.token}` });
    await again.next("ERROR");
  });

  test("of an API key is told that the key was revoked, and closed", async () => {
    const made = await call("POST", "/api/v1/users/api-keys", { token: user.token, json: { name: "box", scopes: ["read"] } });
    const { id, key: apiKey } = dataOf<{ id: number; key: string }>(made);
    const ofKey = await aListener({ ...user, token: apiKey }, RESULT);
    const ofUser = await aListener(user, RESULT);
    expect((await call("DELETE", `/api/v1/users/api-keys/${id}`, { token: user.token })).status).toBe(200);
    expect((await ofKey.next("ERROR")).headers["message"]).toBe("logged out");
    expect(await ofKey.untilClosed()).toMatchObject({ code: 1008 });
    await ofUser.subscribe(REPLY);
  });

  test("is told that its token has expired at that moment, and closed", async () => {
    const who = await aUser();
    const token = await tokenOf(who.id, who.sessionId, "access", Date.now() - 86_400_000 + 2_000);
    const socket = await StompSocket.connected(token);
    sockets.push(socket);
    expect((await socket.next("ERROR")).headers["message"]).toBe("The token has expired");
    expect(await socket.untilClosed()).toMatchObject({ code: 1008 });
  });

  test("lives on when its objects sleep between any two frames, even inside one", async () => {
    const agent = await anAgent();
    const socket = await aSocket();
    // Refused while it sleeps already, that is until what was sent last has woken it.
    const sleep = () => vi.waitFor(() => evictDurableObject(socket.object, { webSockets: "hibernate" }));
    await sleep();
    socket.connect({ Authorization: `Bearer ${user.token}` });
    await socket.next("CONNECTED");
    await sleep();
    const subscribe = frame("SUBSCRIBE", { id: "cut", destination: RESULT, receipt: "r-1" });
    socket.ws.send(subscribe.slice(0, 20));
    await sleep();
    socket.ws.send(subscribe.slice(20));
    await socket.next("RECEIPT");
    await socket.subscribe(PROGRESS);
    await sleep();
    await evictDurableObject(hubOf(user));

    const { taskId, step, complete } = await aRunningTask(agent);
    step(10);
    expect(await socket.nextMessage(PROGRESS)).toMatchObject({ taskId, currentStep: 10 });
    await sleep();
    await evictDurableObject(hubOf(user));
    await complete();
    expect(await socket.nextMessage(RESULT)).toMatchObject({ taskId, status: "COMPLETED" });
    expect(socket.received.filter(({ command }) => command === "MESSAGE").map(({ headers }) => headers["subscription"])).toEqual([
      "1",
      "cut",
    ]);
  });

  test("that was asleep is still ended by its user's sign-out", async () => {
    const leaving = await aUser();
    const socket = await aListener(leaving, RESULT);
    await evictDurableObject(socket.object);
    await evictDurableObject(hubOf(leaving));
    await call("POST", "/api/v1/auth/logout", { token: leaving.token });
    await socket.next("ERROR");
    expect(await socket.untilClosed()).toMatchObject({ code: 1008 });
  });

  test("that disconnects has its receipt, then a normal close", async () => {
    const socket = await aListener(user, REPLY);
    socket.send("DISCONNECT", { receipt: "bye" });
    expect((await socket.next("RECEIPT")).headers).toEqual({ "receipt-id": "bye" });
    expect(await socket.untilClosed()).toMatchObject({ code: 1000 });
  });

  test("that sends no STOMP is told what is wrong, and others do not notice", async () => {
    const bystander = await aListener(user, REPLY);
    const broken: [string | ArrayBuffer, RegExp][] = [
      ["CONNECT\nno colon\n\n\0", /no colon/],
      [`SEND\nx:${"y".repeat(70_000)}\n\n\0`, /too large/],
      [new Uint8Array([0x43, 0xff, 0xfe, 0x0a, 0x0a, 0x00]).buffer, /UTF-8/],
      ["GARBAGE\n\n\0", /Unknown command|first frame/],
    ];
    for (const [bytes, why] of broken) {
      const socket = await aSocket();
      socket.ws.send(bytes);
      expect((await socket.next("ERROR")).headers["message"]).toMatch(why);
      expect(await socket.untilClosed()).toMatchObject({ code: 1002 });
    }
    bystander.send("SEND", { destination: "/app/nothing" });
    expect(await bystander.nextMessage(REPLY)).toMatchObject({ type: "error" });
  });

  test("gives its client's beats back while its object sleeps", async () => {
    const { ws } = await openWs();
    ws.accept();
    const beat = new Promise((resolve) => ws.addEventListener("message", ({ data }) => resolve(data)));
    ws.send("\n");
    expect(await beat).toBe("\n");
    ws.close(1000);
  });
});

describe("@stomp/stompjs 7", () => {
  /** Activated, connected and subscribed to all three destinations. */
  async function aPage(who: TestUser) {
    const messages: { destination: string; body: Record<string, unknown> }[] = [];
    const errors: IFrame[] = [];
    let connections = 0;
    let onReady: () => void;
    const ready = new Promise<void>((resolve) => (onReady = resolve));
    const client = aStompClient({ connectHeaders: { Authorization: `Bearer ${who.token}` }, heartbeatIncoming: 0, heartbeatOutgoing: 0 });
    client.onStompError = (error) => void errors.push(error);
    client.onConnect = () => {
      connections += 1;
      const take = (message: IMessage) =>
        void messages.push({ destination: message.headers["destination"]!, body: JSON.parse(message.body) as Record<string, unknown> });
      for (const destination of [PROGRESS, RESULT, REPLY]) client.subscribe(destination, take);
      client.watchForReceipt(`ready-${connections}`, () => onReady());
      client.publish({ destination: "/app/nothing", headers: { receipt: `ready-${connections}` } });
    };
    client.activate();
    await ready;
    return { client, messages, errors, connections: () => connections };
  }

  test("connects, is told a task to its end, and disconnects", async () => {
    const agent = await anAgent();
    const { client, messages } = await aPage(user);
    const { taskId, step, complete } = await aRunningTask(agent);
    step(15);
    await complete();
    await expect
      .poll(() => messages.map(({ destination, body }) => [destination, body["type"], body["taskId"]]))
      .toEqual([
        [REPLY, "error", undefined],
        [PROGRESS, "progress", taskId],
        [RESULT, "result", taskId],
      ]);
    await client.deactivate();
    expect(client.connected).toBe(false);
  });

  test("comes back by itself when its line is cut, and is told the end it missed", async () => {
    const agent = await anAgent();
    const page = await aPage(user);
    const { taskId, complete } = await aRunningTask(agent);
    page.client.webSocket!.close();
    await complete();
    await expect.poll(() => page.messages.filter(({ destination }) => destination === RESULT)).toMatchObject([{ body: { taskId } }]);
    expect(page.connections()).toBe(2);
    await page.client.deactivate();
  });

  test("beats on while its session and its hub sleep, and wakes neither", async () => {
    const known = new Set((await listDurableObjectIds(env.SOCK_SESSION)).map(String));
    let beats = 0;
    const client = aStompClient({
      connectHeaders: { Authorization: `Bearer ${user.token}` },
      heartbeatIncoming: 200,
      heartbeatOutgoing: 200,
    });
    client.debug = (line) => void (beats += line === "<<< PONG" ? 1 : 0);
    const subscribed = new Promise<void>((resolve) => {
      client.onConnect = () => {
        client.watchForReceipt("subscribed", () => resolve());
        client.subscribe(RESULT, () => undefined, { receipt: "subscribed" });
      };
    });
    client.activate();
    await subscribed;
    const id = (await listDurableObjectIds(env.SOCK_SESSION)).find((one) => !known.has(String(one)))!;
    const objects = [env.SOCK_SESSION.get(id), hubOf(user)];
    for (const object of objects) await vi.waitFor(() => evictDurableObject(object, { webSockets: "hibernate" }));
    const before = beats;
    await expect.poll(() => beats - before, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
    expect(client.connected).toBe(true);
    for (const object of objects) await expect(evictDurableObject(object)).rejects.toThrow(/not currently running/);
    await client.deactivate();
  });

  test("is told an ERROR when its token does not count", async () => {
    const errors: IFrame[] = [];
    const client = aStompClient({ connectHeaders: { Authorization: "Bearer nonsense" }, reconnectDelay: 0 });
    client.onStompError = (error) => void errors.push(error);
    client.activate();
    await expect.poll(() => errors.map(({ headers }) => headers["message"])).toEqual([expect.stringMatching(/^Not authenticated/)]);
    await client.deactivate();
  });
});
