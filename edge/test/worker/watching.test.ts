import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { previewPath } from "@star-graph/shared/agent-protocol";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  aUser,
  anAgentKey,
  call,
  cancelAll,
  dispatcherOf,
  submit,
  type TestUser,
  TEXT2IMG_MODEL,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { StompSocket } from "./stomp-socket.ts";
import { pictureOf, TestAgent, TINY_PNG } from "./test-agent.ts";

const PROGRESS = "/user/topic/progress";

let user: TestUser;
let key: string;
let agent: TestAgent;
const sockets: StompSocket[] = [];

beforeAll(async () => {
  key = await anAgentKey((await aUser()).id);
});

beforeEach(async () => {
  user = await aUser();
  agent = await TestAgent.ready(key, {
    capabilities: { slots: 1, models: [{ name: TEXT2IMG_MODEL, types: ["TEXT2IMG"], engine: "test" }] },
  });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await cancelAll();
  agent.leave();
  await untilAgents(0);
});

const hubOf = (who: TestUser) => env.USER_HUB.get(env.USER_HUB.idFromName(String(who.id)));

async function aWatcher(headers: Record<string, string> = {}) {
  const socket = await StompSocket.connected(user.token);
  sockets.push(socket);
  socket.send("SUBSCRIBE", { id: "p", destination: PROGRESS, receipt: "p", ...headers });
  await socket.next("RECEIPT");
  return socket;
}

async function aRunningTask() {
  const { taskId } = await submit(user);
  const offer = await agent.acceptOffer();
  await untilStatus(user, taskId, "PROCESSING");
  const { attemptId } = offer;
  const step = (number: number) => agent.send({ type: "progress", attemptId, phase: "sampling", step: number, totalSteps: 30 });
  /** Waits until the Dispatcher has taken it, whoever is told. */
  const reach = async (number: number) => {
    step(number);
    await expect.poll(async () => (await dispatcherOf().liveTasks([taskId]))[taskId]?.progress?.step).toBe(number);
  };
  const preview = (bytes: Uint8Array = TINY_PNG, grant = offer.upload.grant) =>
    call("POST", previewPath(attemptId), { token: grant, headers: { "Content-Type": "image/png" }, body: bytes.slice().buffer });
  return { taskId, attemptId, offer, step, reach, preview };
}

describe("a subscription to progress", () => {
  test("is told how a task is that nobody has looked at before, also when every object slept", async () => {
    const { taskId, reach } = await aRunningTask();
    await reach(5);
    await reach(12);
    await evictDurableObject(hubOf(user));
    const socket = await aWatcher();
    expect(await socket.nextMessage(PROGRESS)).toMatchObject({
      taskId,
      currentStep: 12,
      phase: "sampling",
      attempt: 1,
      estimatedTime: expect.any(Number),
    });
    await evictDurableObject(hubOf(user));
    const another = await aWatcher();
    expect(await another.nextMessage(PROGRESS)).toMatchObject({ taskId, currentStep: 12 });
  });

  test("is told of tasks that wait: their place, how long it should take, and when they begin to wait", async () => {
    const { taskId: running } = await aRunningTask();
    const { taskId: first } = await submit(user);
    const socket = await aWatcher();
    const lastOf = (id: string) => socket.messages().findLast(({ taskId }) => taskId === id);
    await expect.poll(() => lastOf(running)).toBeDefined();
    const waiting = { phase: "queued", progress: 0, attempt: 1, estimatedTime: expect.any(Number) };
    await expect.poll(() => lastOf(first)).toMatchObject({ ...waiting, queuePosition: 1 });
    const { taskId: second } = await submit(user, { prompt: "a dog", clientId: "tab" });
    await expect.poll(() => lastOf(second)).toMatchObject({ ...waiting, clientId: "tab", queuePosition: 2 });
  });

  test("that says what it has had is told only what is newer", async () => {
    const { step, reach, taskId } = await aRunningTask();
    const socket = await aWatcher();
    await socket.nextMessage(PROGRESS);
    await reach(5);
    const { headers } = await socket.next("MESSAGE", ({ body }) => (JSON.parse(body) as { currentStep: number }).currentStep === 5);
    const again = await aWatcher({ "last-event-id": headers["event-id"] ?? "" });
    step(9);
    expect(await again.nextMessage(PROGRESS)).toMatchObject({ taskId, currentStep: expect.any(Number) });
    await expect.poll(() => again.messages().at(-1)).toMatchObject({ currentStep: 9 });
  });
});

describe("an agent", () => {
  test("is told that somebody looks at its attempt, and at the next step that nobody does any more", async () => {
    const { attemptId, reach } = await aRunningTask();
    await reach(1);
    expect(agent.received.filter(({ type }) => type === "watch")).toEqual([]);
    const socket = await aWatcher();
    expect(await agent.next("watch")).toEqual({ type: "watch", attemptId, watching: true });
    socket.send("DISCONNECT");
    await socket.untilClosed();
    await expect
      .poll(
        async () =>
          (
            await hubOf(user).publishProgress({
              type: "progress",
              taskId: "none",
              progress: 0,
              currentStep: 0,
              totalSteps: 0,
              message: "",
              phase: "queued",
              attempt: 1,
            })
          ).listeners,
      )
      .toBe(0);
    await reach(2);
    expect(await agent.next("watch")).toEqual({ type: "watch", attemptId, watching: false });
  });
});

describe("a preview", () => {
  test("is shown to who looks, under an address that nobody guesses, until the task ends", async () => {
    const { taskId, preview, reach, offer } = await aRunningTask();
    const socket = await aWatcher();
    await reach(3);
    const bytes = pictureOf(256, 128);
    expect((await preview(bytes)).status).toBe(204);
    const shown = (body: string) => "previewUrl" in (JSON.parse(body) as object);
    const told = JSON.parse((await socket.next("MESSAGE", ({ body }) => shown(body))).body) as Record<string, unknown>;
    expect(told).toMatchObject({ taskId, currentStep: 3 });
    const { pathname } = new URL(String(told["previewUrl"]));
    expect(pathname).toMatch(/^\/previews\/[0-9a-f]{64}\/[0-9a-f]{32}\/1$/);
    const answer = await call("GET", pathname);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("Content-Type")).toBe("image/png");
    expect(answer.bytes).toEqual(bytes);
    expect((await call("GET", pathname.replace(/\w{32}\/1$/, `${"0".repeat(32)}/1`))).status).toBe(404);

    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    await agent.next("ack");
    expect((await call("GET", pathname)).status).toBe(404);
    expect(await preview()).toMatchObject({ status: 403 });
  });

  test.each<[string, Uint8Array, number, number | string]>([
    ["that is no picture", new TextEncoder().encode("<svg/>"), 415, "E004"],
    ["that is too wide", pictureOf(257, 1), 413, "E005"],
    ["that is too heavy", new Uint8Array(20 * 1024 + 1), 413, "E005"],
    ["that is empty", new Uint8Array(0), 415, "E004"],
  ])("%s is refused", async (_what, bytes, status, code) => {
    const { preview } = await aRunningTask();
    expect(await preview(bytes)).toMatchObject({ status, body: { code } });
  });

  test("is taken once a second, and with the grant of its own attempt alone", async () => {
    const { preview } = await aRunningTask();
    expect((await preview()).status).toBe(204);
    const second = await preview();
    expect(second).toMatchObject({ status: 429, body: { code: 429 } });
    expect(second.headers.get("Retry-After")).toBe("1");
    expect((await preview(TINY_PNG, "nonsense")).status).toBe(401);
    expect((await preview(TINY_PNG, user.token)).status).toBe(401);
  });

  test.each(["/previews/x/y/1", `/previews/${"0".repeat(64)}/${"0".repeat(32)}/1`])("at %s is not there", async (path) => {
    const { status } = await call("GET", path);
    expect([400, 404]).toContain(status);
  });
});
