import { evictDurableObject } from "cloudflare:test";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { revoke } from "./signed-in.ts";
import { readToken } from "../../src/auth/token.ts";
import { env } from "cloudflare:workers";
import { aUser, anAgentKey, balanceOf, call, cancelAll, dataOf, detailOf, submit, type TestUser, untilAgents } from "./system-of-one.ts";
import { StompSocket } from "./stomp-socket.ts";
import { TestAgent } from "./test-agent.ts";

const REPLY = "/user/queue/reply";

let user: TestUser;
let agent: TestAgent;
const sockets: StompSocket[] = [];

beforeAll(async () => {
  const key = await anAgentKey((await aUser()).id);
  const types = ["TEXT2IMG", "IMG2IMG", "UPSCALE", "POSE", "TEXT2VIDEO", "IMG2VIDEO"] as const;
  const names = [
    "stable-diffusion-xl-base-1.0",
    "stable-diffusion-v1-5",
    "RealESRGAN",
    "stable-video-diffusion",
    "stable-video-diffusion-img2vid",
  ];
  const models = names.map((name) => ({ name, types: [...types], engine: "test" }));
  agent = await TestAgent.ready(key, { capabilities: { slots: 1, models } });
});

beforeEach(async () => {
  user = await aUser();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await cancelAll();
});

async function aSocket(token = user.token) {
  const socket = await StompSocket.connected(token);
  sockets.push(socket);
  await socket.subscribe(REPLY);
  return socket;
}

/** Sends, and reads the answer. */
async function ask(socket: StompSocket, destination: string, json: unknown, headers: Record<string, string> = {}) {
  socket.send("SEND", { destination, ...headers }, JSON.stringify(json));
  return socket.nextMessage(REPLY);
}

const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

afterAll(async () => {
  agent.leave();
  await untilAgents(0);
});

describe("/app/generate", () => {
  test.each([
    { type: "TEXT2IMG", prompt: "一只可爱的猫咪" },
    { type: "IMG2IMG", prompt: "a cat", imageBase64: PICTURE },
    { type: "UPSCALE", imageBase64: PICTURE },
    { type: "POSE", prompt: "a cat", poseImageBase64: PICTURE },
    { type: "TEXT2VIDEO", prompt: "a cat" },
    { type: "IMG2VIDEO", imageBase64: PICTURE },
  ])("takes $type and answers as HTTP does", async (json) => {
    const { type, ...body } = json;
    const socket = await aSocket();
    const reply = await ask(socket, "/app/generate", json);
    const byHttp = await call("POST", `/api/v1/generate/${type.toLowerCase()}`, { token: user.token, json: body });
    expect(byHttp.status).toBe(200);
    const taskId = expect.stringMatching(/^(t2i|i2i|ups|pose|t2v|i2v)_\d{8}_\d{12,}$/);
    const numbers = { queuePosition: expect.any(Number), estimatedTime: expect.any(Number) };
    const own = { taskId, timestamp: expect.any(Number), requestId: expect.any(String), ...numbers };
    const data = { ...dataOf(byHttp), taskId, ...numbers, estimatedTimeRange: expect.any(Object) };
    expect(reply).toEqual({ ...byHttp.body, data, ...own, type: "reply", destination: "/app/generate" });
    expect(await detailOf(user, String(reply["taskId"]))).toMatchObject({ type });
  });

  test("refuses what HTTP refuses, in the same words, and holds nothing", async () => {
    const socket = await aSocket();
    for (const [type, body] of [
      ["TEXT2IMG", { prompt: "" }],
      ["TEXT2IMG", { prompt: "a cat", width: 1 }],
      ["TEXT2IMG", { prompt: "a cat", modelName: "no such model" }],
      ["IMG2IMG", { prompt: "a cat" }],
      ["IMG2IMG", { prompt: "a cat", imageBase64: "AAAA" }],
    ] as const) {
      const reply = await ask(socket, "/app/generate", { type, ...body });
      const { body: byHttp } = await call("POST", `/api/v1/generate/${type.toLowerCase()}`, { token: user.token, json: body });
      const own = { timestamp: expect.any(Number), requestId: expect.any(String) };
      expect(reply).toEqual({ ...byHttp, ...own, type: "error", destination: "/app/generate" });
    }
    expect(await ask(socket, "/app/generate", { type: "PAINT", prompt: "a cat" })).toMatchObject({ type: "error", code: 400 });
    expect(await balanceOf(user)).toMatchObject({ freezed: 0 });
  });

  test("says what the user cannot pay for", async () => {
    const poor = await aUser({ credits: 1 });
    const reply = await ask(await aSocket(poor.token), "/app/generate", { type: "TEXT2IMG", prompt: "a cat" });
    expect(reply).toMatchObject({ type: "error", code: "E002", message: "余额不足" });
  });

  test("with an Idempotency-Key is done once, whether it comes again here or by HTTP", async () => {
    const socket = await aSocket();
    const json = { prompt: "a cat", seed: 7 };
    const headers = { "idempotency-key": "once" };
    const first = await ask(socket, "/app/generate", { type: "TEXT2IMG", ...json }, headers);
    const second = await ask(socket, "/app/generate", { type: "TEXT2IMG", ...json }, headers);
    const third = await call("POST", "/api/v1/generate/text2img", { token: user.token, json, headers: { "Idempotency-Key": "once" } });
    expect([second["taskId"], third.body["taskId"]]).toEqual([first["taskId"], first["taskId"]]);
    expect(await ask(socket, "/app/generate", { type: "TEXT2IMG", prompt: "a dog" }, headers)).toMatchObject({ type: "error", code: 400 });
  });

  test("in a transaction happens at COMMIT, in order, also when the object slept before", async () => {
    const socket = await aSocket();
    socket.send("BEGIN", { transaction: "t" });
    for (const prompt of ["one", "two"]) {
      socket.send(
        "SEND",
        { destination: "/app/generate", transaction: "t", receipt: prompt, "correlation-id": prompt },
        JSON.stringify({ type: "TEXT2IMG", prompt }),
      );
      await socket.next("RECEIPT");
    }
    expect(await balanceOf(user)).toMatchObject({ freezed: 0 });
    await evictDurableObject(socket.object);
    socket.send("COMMIT", { transaction: "t", receipt: "c" });
    expect([await socket.nextMessage(REPLY), await socket.nextMessage(REPLY)].map((reply) => reply["correlationId"])).toEqual([
      "one",
      "two",
    ]);
    expect((await socket.next("RECEIPT")).headers).toEqual({ "receipt-id": "c" });

    socket.send("BEGIN", { transaction: "t" });
    socket.send("SEND", { destination: "/app/generate", transaction: "t" }, JSON.stringify({ type: "TEXT2IMG", prompt: "three" }));
    socket.send("ABORT", { transaction: "t", receipt: "a" });
    await socket.next("RECEIPT");
    const page = dataOf<{ totalElements: number }>(await call("GET", "/api/v1/tasks", { token: user.token }));
    expect(page.totalElements).toBe(2);
  });
});

describe("/app/task", () => {
  test("status tells a task as its detail does", async () => {
    const { taskId } = await submit(user);
    const reply = await ask(await aSocket(), "/app/task/status", { taskId });
    const { body } = await call("GET", `/api/v1/tasks/${taskId}`, { token: user.token });
    const own = { timestamp: expect.any(Number), requestId: expect.any(String) };
    expect(reply).toEqual({ ...body, ...own, type: "reply", destination: "/app/task/status" });
  });

  test("cancel ends a task and releases its credits, once", async () => {
    const { taskId, cost } = await submit(user);
    const socket = await aSocket();
    expect(await ask(socket, "/app/task/cancel", { taskId })).toMatchObject({
      type: "reply",
      code: 200,
      taskId,
      data: { taskId, refund: cost },
    });
    expect(await detailOf(user, taskId)).toMatchObject({ status: "CANCELLED" });
    expect(await ask(socket, "/app/task/cancel", { taskId })).toMatchObject({ type: "error", code: 400, message: "任务已结束，无法取消" });
  });

  test("shows and cancels nobody else's", async () => {
    const { taskId } = await submit(await aUser());
    const socket = await aSocket();
    for (const destination of ["/app/task/status", "/app/task/cancel"]) {
      expect(await ask(socket, destination, { taskId })).toMatchObject({ type: "error", code: 404, destination });
    }
  });
});

describe("a reply", () => {
  test("comes to the session that asked and no other, with the client's own marks", async () => {
    const [asking, other] = [await aSocket(), await aSocket()];
    const marks = { "correlation-id": "c-1", requestId: "r-1", "X-Request-ID": "x-1" };
    asking.send("SEND", { destination: "/app/task/status", receipt: "done", ...marks }, "{}");
    const { headers, body } = await asking.next("MESSAGE");
    expect(headers).toMatchObject({ ...marks, destination: REPLY, "content-type": "application/json" });
    expect(JSON.parse(body)).toMatchObject({
      type: "error",
      code: 400,
      correlationId: "c-1",
      requestId: "x-1",
      data: { issues: [{ path: "taskId" }] },
    });
    await asking.next("RECEIPT");
    await other.subscribe("/user/topic/result");
    expect(other.messages()).toEqual([]);
  });

  test.each([
    ["/app/nothing", "{}", { code: 404, message: "没有此目的地：/app/nothing" }],
    ["/user/topic/result", "{}", { code: 404 }],
    ["/app/generate", "not json", { code: 400, message: "消息体不是有效的 JSON" }],
    ["/app/generate", "null", { code: 400 }],
    ["/app/task/status", JSON.stringify({ taskId: "x".repeat(65) }), { code: 400 }],
  ])("to %s with the body %j is an error, and the session lives on", async (destination, body, error) => {
    const socket = await aSocket();
    socket.send("SEND", { destination, receipt: "r" }, body);
    expect(await socket.nextMessage(REPLY)).toMatchObject({ type: "error", destination, ...error });
    await socket.next("RECEIPT");
  });

  test("is refused to an API key without the scope for it", async () => {
    const keyWith = async (scopes: string[]) =>
      String(dataOf(await call("POST", "/api/v1/users/api-keys", { token: user.token, json: { name: "test", scopes } }))["key"]);
    const reading = await aSocket(await keyWith(["read"]));
    expect(await ask(reading, "/app/generate", { type: "TEXT2IMG", prompt: "a cat" })).toMatchObject({ type: "error", code: 403 });
    expect(await ask(reading, "/app/task/cancel", { taskId: "x" })).toMatchObject({ type: "error", code: 403 });
    expect(await ask(reading, "/app/task/status", { taskId: "x" })).toMatchObject({ type: "error", code: 404 });
    const both = await aSocket(await keyWith(["read", "generate"]));
    expect(await ask(both, "/app/generate", { type: "TEXT2IMG", prompt: "a cat" })).toMatchObject({ type: "reply", code: 200 });
  });

  test("is not given on a sign-in that has ended unnoticed: the session ends with it", async () => {
    const socket = await aSocket();
    const claims = await readToken(env.TOKEN_SECRET, user.token, "access", Date.now());
    await revoke(claims!.sessionId);
    socket.send("SEND", { destination: "/app/generate" }, JSON.stringify({ type: "TEXT2IMG", prompt: "a cat" }));
    expect((await socket.next("ERROR")).headers["message"]).toBe("The sign-in has ended");
    expect(await socket.untilClosed()).toMatchObject({ code: 1008 });
    expect(socket.messages()).toEqual([]);
    expect(await env.DB.prepare("SELECT 1 FROM tasks WHERE user_id = ?").bind(user.id).first()).toBeNull();
  });
});
