import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { app } from "../../src/app.ts";
import { openDatabase } from "../../src/db/client.ts";
import { attempts, fundRecords, settlements, tasks } from "../../src/db/schema.ts";
import {
  aUser,
  anAgentKey,
  balanceOf,
  call,
  cancelAll,
  dataOf,
  detailOf,
  ORIGIN,
  submit,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";
import { resultFolder } from "../../src/files/keys.ts";
import { eq } from "drizzle-orm";

const db = openDatabase(env.DB);
let user: TestUser;
let key: string;
const agents: TestAgent[] = [];

beforeAll(async () => {
  user = await aUser();
  key = await anAgentKey(user.id);
});

afterEach(async () => {
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  await untilAgents(0);
});

async function anAgent(options: Parameters<typeof TestAgent.ready>[1] = {}) {
  const agent = await TestAgent.ready(key, options);
  agents.push(agent);
  return agent;
}

const balance = () => balanceOf(user);
const detail = (taskId: string) => detailOf(user, taskId);

describe("a text2img task", () => {
  test("runs from the request to the picture, and is charged once", async () => {
    const agent = await anAgent();
    const before = await balance();
    const answer = await call("POST", "/api/v1/generate/text2img", {
      token: user.token,
      json: { prompt: "一只可爱的猫咪", clientId: "mine" },
    });
    expect(answer.body).toMatchObject({
      code: 200,
      message: "任务创建成功",
      taskId: expect.stringMatching(/^t2i_\d{8}_\d{12,}$/),
      cost: 10,
    });
    const { taskId } = dataOf<{ taskId: string }>(answer);
    expect(await balance()).toMatchObject({ balance: before["balance"], freezed: 10 });

    const offer = await agent.acceptOffer();
    expect(offer.task).toMatchObject({
      type: "TEXT2IMG",
      parameters: { prompt: "一只可爱的猫咪", width: 1024, height: 1024, steps: 30, seed: expect.any(Number) },
    });
    await untilStatus(user, taskId, "PROCESSING");

    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 15, totalSteps: 30 });
    await expect.poll(async () => (await detail(taskId))["progress"]).toBe(50);

    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    expect(await agent.next("ack")).toMatchObject({ attemptId: offer.attemptId, outcome: "recorded" });

    const done = await detail(taskId);
    expect(done).toMatchObject({
      status: "COMPLETED",
      progress: 100,
      clientId: "mine",
      servedBy: { engine: "test", model: "test-model" },
      notes: ["drawn by a test"],
    });
    const [file] = done["results"] as { url: string; thumbnailUrl: string }[];
    expect(file).toMatchObject({ width: 1024, height: 1024, format: "PNG", size: 70 });
    for (const url of [file!.url, file!.thumbnailUrl]) {
      const { status, headers } = await call("GET", new URL(url).pathname);
      expect([status, headers.get("Content-Type")]).toEqual([200, "image/png"]);
    }
    expect(await balance()).toMatchObject({ balance: Number(before["balance"]) - 10, freezed: 0, todayUsed: 10 });
    expect(await db.select().from(fundRecords).where(eq(fundRecords.taskId, taskId))).toMatchObject([{ type: "DEDUCT", amount: -10 }]);
  });

  test("is acknowledged again, and not charged again, when its completion is repeated", async () => {
    const agent = await anAgent();
    const { taskId } = await submit(user);
    const offer = await agent.acceptOffer();
    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    agent.complete(offer, sha256);
    await agent.next("ack");
    agent.complete(offer, sha256);
    expect(await agent.next("ack")).toMatchObject({ outcome: "recorded" });
    expect(await db.select().from(fundRecords).where(eq(fundRecords.taskId, taskId))).toHaveLength(1);
  });

  test("keeps its attempt when the agent's line blinks", async () => {
    const first = await anAgent();
    const { taskId } = await submit(user);
    const offer = await first.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    first.cut();
    const second = await anAgent({ running: [offer.attemptId] });
    const { sha256 } = await second.upload(offer);
    second.complete(offer, sha256);
    await second.next("ack");
    expect(await detail(taskId)).toMatchObject({ status: "COMPLETED" });
    expect(await db.select().from(attempts).where(eq(attempts.taskId, taskId))).toHaveLength(1);
  });

  test("goes to a new attempt when the agent came back without it, and refuses the old one's result", async () => {
    const first = await anAgent();
    const { taskId } = await submit(user);
    const lost = await first.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    first.cut();
    const second = await anAgent();
    const offer = await second.acceptOffer();
    expect(offer.attemptId).not.toBe(lost.attemptId);
    await untilStatus(user, taskId, "PROCESSING");

    await expect(second.upload(lost)).rejects.toThrow("403");
    second.complete(lost, "0".repeat(64));
    expect(await second.next("ack")).toMatchObject({ attemptId: lost.attemptId, outcome: "refused" });

    const { sha256 } = await second.upload(offer);
    second.complete(offer, sha256);
    await expect.poll(async () => (await detail(taskId))["status"]).toBe("COMPLETED");
    expect(await db.select().from(attempts).where(eq(attempts.taskId, taskId)).orderBy(attempts.number)).toMatchObject([
      { number: 1, outcome: "LOST" },
      { number: 2, outcome: "COMPLETED" },
    ]);
    expect(await db.select().from(fundRecords).where(eq(fundRecords.taskId, taskId))).toHaveLength(1);
  });

  test("fails and releases its credits after three attempts that failed", async () => {
    const agent = await anAgent();
    const before = await balance();
    const { taskId } = await submit(user);
    for (let attempt = 1; attempt <= 3; attempt++) {
      const offer = await agent.acceptOffer();
      agent.send({ type: "failed", attemptId: offer.attemptId, error: "MODEL_LOAD_FAILED", message: "no such file", retryable: true });
      await agent.next("ack");
      agent.send({ type: "ready", freeSlots: 2 });
    }
    await untilStatus(user, taskId, "FAILED");
    expect((await call("GET", `/api/v1/tasks/${taskId}`, { token: user.token })).body).toMatchObject({
      status: "FAILED",
      error: { code: "E001", message: "模型加载失败: no such file" },
    });
    expect(await balance()).toEqual(before);
  });
});

describe("a cancelled task", () => {
  test("that waits is released at once and never offered", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    const before = await balance();
    const { taskId, cost } = await submit(user);
    const answer = await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    expect(answer.body).toMatchObject({ code: 200, message: "任务已取消", data: { taskId, refund: cost } });
    expect(await balance()).toEqual(before);
    expect(await db.select().from(settlements).where(eq(settlements.taskId, taskId))).toMatchObject([{ kind: "RELEASED" }]);
    const again = await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    expect(again).toMatchObject({ status: 400, body: { code: 400, message: "任务已结束，无法取消" } });
  });

  test("that runs says that it is stopping until the agent has stopped, and takes no late result", async () => {
    const agent = await anAgent();
    const { taskId } = await submit(user);
    const offer = await agent.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    const { sha256 } = await agent.upload(offer);
    expect((await env.FILES.list({ prefix: await resultFolder(env.TOKEN_SECRET, offer.attemptId) })).objects).toHaveLength(2);
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    expect(await agent.next("cancel")).toMatchObject({ attemptId: offer.attemptId });
    expect(await detail(taskId)).toMatchObject({ status: "CANCELLED", stopping: true });
    agent.complete(offer, sha256);
    expect(await agent.next("ack")).toMatchObject({ outcome: "refused" });
    await expect.poll(async () => (await detail(taskId))["stopping"]).toBeUndefined();
    expect(await detail(taskId)).toMatchObject({ status: "CANCELLED", results: [] });
    const folder = await resultFolder(env.TOKEN_SECRET, offer.attemptId);
    await expect.poll(async () => (await env.FILES.list({ prefix: folder })).objects).toEqual([]);
    expect(await db.select().from(fundRecords).where(eq(fundRecords.taskId, taskId))).toEqual([]);
  });
});

describe("a cancel", () => {
  test("touches that attempt alone, keeps its slot until the agent confirms, and records how long that took", async () => {
    const agent = await anAgent();
    const [stopped, other] = [await submit(user), await submit(user)];
    const offers = [await agent.acceptOffer(), await agent.acceptOffer()];
    const offerOf = async (taskId: string) => {
      const [row] = await db.select({ id: attempts.id }).from(attempts).where(eq(attempts.taskId, taskId));
      return offers.find(({ attemptId }) => attemptId === row?.id);
    };
    await untilStatus(user, stopped.taskId, "PROCESSING");
    await untilStatus(user, other.taskId, "PROCESSING");
    const [cancelled, kept] = [await offerOf(stopped.taskId), await offerOf(other.taskId)];
    if (!cancelled || !kept) throw new Error("an offer is missing");
    const waiting = await submit(user);

    const answer = await call("DELETE", `/api/v1/tasks/${stopped.taskId}`, { token: user.token });
    expect(dataOf(answer)).toEqual({ taskId: stopped.taskId, refund: stopped.cost });
    expect(await agent.next("cancel")).toEqual({ type: "cancel", attemptId: cancelled.attemptId });
    expect(await detail(stopped.taskId)).toMatchObject({ stopping: true, attempts: [{ number: 1, outcome: "CANCELLED" }] });
    // It says that there is room, but its engine still works on what was cancelled.
    agent.send({ type: "ready", freeSlots: 2 });
    agent.sendRaw('{ "type": "ping" }');
    await agent.next("pong");
    expect(await detail(waiting.taskId)).toMatchObject({ status: "PENDING", waitingFor: { code: "FREE_SLOT" } });

    agent.send({ type: "stopped", attemptId: cancelled.attemptId });
    const third = await agent.acceptOffer();
    await expect.poll(async () => (await detail(stopped.taskId))["stopping"]).toBeUndefined();
    await expect
      .poll(async () => (await detail(stopped.taskId))["attempts"])
      .toEqual([
        {
          number: 1,
          agentName: "test-agent-1",
          startTime: expect.any(String),
          endTime: expect.any(String),
          outcome: "CANCELLED",
          reason: null,
          stopTimeMs: expect.any(Number),
        },
      ]);
    expect(agent.received.filter(({ type }) => type === "cancel")).toHaveLength(1);
    for (const [taskId, offer] of [
      [other.taskId, kept],
      [waiting.taskId, third],
    ] as const) {
      agent.complete(offer, (await agent.upload(offer)).sha256);
      await untilStatus(user, taskId, "COMPLETED");
    }
  });
});

test("a cancel after the first step costs what the operator says, beside the release, and answers with what is left", async () => {
  const agent = await anAgent();
  const before = await balance();
  const { taskId } = await submit(user);
  const { attemptId } = await agent.acceptOffer();
  agent.send({ type: "progress", attemptId, phase: "sampling", step: 1, totalSteps: 30 });
  await expect.poll(async () => (await detail(taskId))["currentStep"]).toBe(1);
  const request = new Request(`${ORIGIN}/api/v1/tasks/${taskId}`, { method: "DELETE", headers: { Authorization: `Bearer ${user.token}` } });
  const response = await app.fetch(request, { ...env, CANCEL_CHARGE_PERCENT: "50" }, createExecutionContext());
  expect(await response.json()).toMatchObject({ data: { taskId, refund: 5 } });
  expect(await balance()).toMatchObject({ balance: Number(before["balance"]) - 5, freezed: 0 });
  expect((await detail(taskId))["credits"]).toMatchObject([
    { type: "FREEZE", frozen: 10 },
    { type: "UNFREEZE", frozen: -10 },
    { type: "DEDUCT", amount: -5, frozen: 0, reason: "取消扣费" },
  ]);
  agent.send({ type: "stopped", attemptId });
});

describe("a task's detail", () => {
  test("follows each credit and each run, through a cancel, a retry and a failed attempt to the picture", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    const first = await submit(user);
    const froze = { type: "FREEZE", amount: 0, frozen: 10, reason: "文生图生成" };
    expect(await detail(first.taskId)).toMatchObject({ attempts: [], credits: [froze] });
    await call("DELETE", `/api/v1/tasks/${first.taskId}`, { token: user.token });
    const { newTaskId } = dataOf<{ newTaskId: string }>(await call("POST", `/api/v1/tasks/${first.taskId}/retry`, { token: user.token }));
    expect(await detail(first.taskId)).toMatchObject({
      attempts: [],
      credits: [froze, { type: "UNFREEZE", amount: 0, frozen: -10, reason: "任务取消" }],
      retriedBy: [newTaskId],
    });

    agent.send({ type: "ready", freeSlots: 1 });
    const { attemptId } = await agent.acceptOffer();
    agent.send({ type: "failed", attemptId, error: "INTERNAL", message: "out of memory", retryable: true });
    agent.send({ type: "ready", freeSlots: 1 });
    const offer = await agent.acceptOffer();
    agent.complete(offer, (await agent.upload(offer)).sha256);
    await untilStatus(user, newTaskId, "COMPLETED");
    expect(await detail(newTaskId)).toMatchObject({
      retryOf: first.taskId,
      attempts: [
        { number: 1, outcome: "FAILED", reason: "out of memory" },
        { number: 2, outcome: "COMPLETED", reason: null },
      ],
      credits: [froze, { type: "DEDUCT", amount: -10, frozen: -10, reason: "文生图生成" }],
    });
    expect(await detail(newTaskId)).not.toHaveProperty("retriedBy");
  });
});

describe("a submission", () => {
  test("without enough credits is E002 and leaves no trace", async () => {
    await anAgent();
    const poor = await aUser({ credits: 5 });
    const answer = await call("POST", "/api/v1/generate/text2img", { token: poor.token, json: { prompt: "a cat" } });
    expect(answer).toMatchObject({ status: 402, body: { code: "E002", message: "余额不足" } });
    expect(await db.select().from(tasks).where(eq(tasks.userId, poor.id))).toEqual([]);
  });

  test("for a model that nobody offers is E007, and for one that does not exist 400", async () => {
    const json = { prompt: "a cat", modelName: "stable-diffusion-v1-5" };
    const nobody = await call("POST", "/api/v1/generate/text2img", { token: user.token, json });
    expect(nobody).toMatchObject({ status: 503, body: { code: "E007" } });
    expect(nobody.headers.get("Retry-After")).toBe("30");
    const unknown = await call("POST", "/api/v1/generate/text2img", { token: user.token, json: { prompt: "a cat", modelName: "none" } });
    expect(unknown).toMatchObject({ status: 400, body: { code: 400, data: { issues: [{ path: "modelName" }] } } });
  });
});
