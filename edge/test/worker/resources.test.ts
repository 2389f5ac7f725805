import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { OfferMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { SAMPLERS } from "@star-graph/shared/rest/generate";
import { and, eq, isNull } from "drizzle-orm";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { hashAgentKey } from "../../src/agents/agent-key.ts";
import { createLedger } from "../../src/billing/ledger.ts";
import { openDatabase } from "../../src/db/client.ts";
import { agentKeys, inputs, models, results, resultTotals, sessions, tasks } from "../../src/db/schema.ts";
import { ownerPool } from "../../src/dispatch/shards/pools.ts";
import { removeExpiredResults } from "../../src/resources/remove-expired.ts";
import { pixelsOf, PNG } from "../../src/inputs/testing/pictures.ts";
import { callModerated } from "./refusing-classifier.ts";
import worker from "../../src/worker.ts";
import { tokenOf } from "./signed-in.ts";
import {
  aUser,
  anAgentKey,
  call,
  cancelAll,
  dataOf,
  detailOf,
  SCENE_CAPABILITIES,
  submit,
  TEXT2IMG_MODEL,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { pictureFor, TestAgent, TINY_PNG } from "./test-agent.ts";

const db = openDatabase(env.DB);
const ROOM = "/api/v1/resources";
const agents: TestAgent[] = [];

let user: TestUser;
let stranger: TestUser;
let publicKey: string;

beforeAll(async () => {
  [user, stranger] = [await aUser(), await aUser()];
  publicKey = await anAgentKey((await aUser()).id);
});

afterEach(async () => {
  vi.useRealTimers();
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  await untilAgents(0);
});

async function anAgent(options: Parameters<typeof TestAgent.ready>[1] = {}, key = publicKey) {
  const agent = await TestAgent.ready(key, options);
  agents.push(agent);
  return agent;
}

interface Listed {
  content: Record<string, unknown>[];
  totalElements: number;
  totalPages: number;
}

const get = async (path: string, who = user) => dataOf<Listed>(await call("GET", `${ROOM}${path}`, { token: who.token }));
const post = (path: string, json?: unknown, who = user) =>
  call("POST", `${ROOM}${path}`, { token: who.token, ...(json !== undefined && { json }) });
const remove = (path: string, who = user) => call("DELETE", `${ROOM}${path}`, { token: who.token });

async function aFinishedTask(agent: TestAgent, who: TestUser, files = 1) {
  const { taskId } = await submit(who, { prompt: "a cat", batchSize: files });
  const offer: OfferMessage = await agent.acceptOffer();
  const sent = [];
  for (let index = 0; index < files; index++) sent.push({ index, ...(await agent.upload(offer, pictureFor(offer), index)) });
  agent.send({ type: "completed", attemptId: offer.attemptId, files: sent, servedBy: { engine: "test", model: "test-model" }, notes: [] });
  await untilStatus(who, taskId, "COMPLETED");
  agent.send({ type: "ready", freeSlots: 2 });
  return taskId;
}

describe("models", () => {
  test("are those that somebody can run now, with types, limits, price and what stands in for them", async () => {
    expect(await get("/models")).toMatchObject({ content: [], totalElements: 0 });
    await anAgent();
    await anAgent({ id: "second-agent" });
    const { content, totalElements } = await get("/models");
    expect(totalElements).toBe(1);
    expect(content).toEqual([
      {
        name: TEXT2IMG_MODEL,
        types: ["TEXT2IMG", "IMG2IMG"],
        typesOnline: ["TEXT2IMG"],
        limits: expect.any(Object),
        memoryBytes: null,
        price: 10,
        agentsOnline: 2,
        servedAs: ["test-model"],
      },
    ]);
    expect(await get("/models?type=IMG2IMG")).toMatchObject({ totalElements: 0 });
    expect(await get("/models?type=IMG2IMG&all=true")).not.toMatchObject({ totalElements: 0 });
  });

  test("are listed in full on request, page by page, but not those that are switched off", async () => {
    const { content, totalElements } = await get("/models?all=true");
    const names = content.map(({ name }) => String(name));
    expect(names).toEqual(names.toSorted());
    expect(totalElements).toBe(names.length);
    await db.update(models).set({ enabled: false }).where(eq(models.name, "RealESRGAN"));
    expect((await get("/models?all=true")).totalElements).toBe(totalElements - 1);
    await db.update(models).set({ enabled: true }).where(eq(models.name, "RealESRGAN"));
    const second = await get("/models?all=true&sort=price&order=desc&pageSize=2&page=2");
    expect(second).toMatchObject({ totalElements, totalPages: Math.ceil(totalElements / 2) });
    expect(second.content).toHaveLength(2);
  });

  test("of an owner's own box are listed for the owner alone", async () => {
    const key = await anAgentKey(user.id, { trusted: false });
    const own = await anAgent({}, key);
    expect(await get("/models")).toMatchObject({ totalElements: 1 });
    expect(await get("/models", stranger)).toMatchObject({ totalElements: 0 });
    own.leave();
    await untilAgents(0, ownerPool(user.id));
  });
});

test("samplers and schedulers are those that a request may name, the default first", async () => {
  const samplers = await get("/samplers");
  expect(samplers.content.map(({ name }) => name)).toEqual([...SAMPLERS]);
  expect(samplers.content[0]).toEqual({ name: "euler", isDefault: true });
  expect((await get("/schedulers?pageSize=2&page=1")).content).toEqual([
    { name: "normal", isDefault: true },
    { name: "karras", isDefault: false },
  ]);
  expect((await get("/samplers?sort=name&order=desc&pageSize=1")).content).toEqual([{ name: "uni_pc_bh2", isDefault: false }]);
});

describe("an upload", () => {
  const upload = (body: BodyInit, headers: Record<string, string> = {}, who = user) =>
    call("POST", `${ROOM}/uploads`, { token: who.token, body, headers });
  const formOf = (field: string, bytes: Uint8Array) => {
    const form = new FormData();
    form.append(field, new File([bytes.slice()], "whatever.txt", { type: "text/plain" }));
    return form;
  };

  test("is taken as a body and as a form, and judged by its bytes", async () => {
    const answers = [
      await upload(TINY_PNG.slice(), { "Content-Type": "image/png" }),
      await upload(TINY_PNG.slice(), { "Content-Type": "application/octet-stream" }),
      await upload(formOf("file", TINY_PNG)),
      await upload(formOf("image", TINY_PNG)),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      const { id, url } = dataOf(answer);
      expect(dataOf(answer)).toMatchObject({ width: 1, height: 1, size: TINY_PNG.length, format: "PNG", expireTime: expect.any(String) });
      const [row] = await db
        .select()
        .from(inputs)
        .where(eq(inputs.id, String(id)));
      expect(String(url)).toContain(row?.fileKey);
      expect(await env.FILES.head(row?.fileKey ?? "")).not.toBeNull();
    }
    const page = await get("/uploads?pageSize=3");
    expect(page).toMatchObject({ totalElements: 4, totalPages: 2 });
    expect(await get("/uploads", stranger)).toMatchObject({ totalElements: 0 });
  });

  test("gives a URL that its owner may use as `imageUrl`, and nobody else", async () => {
    const model = "stable-diffusion-v1-5";
    const agent = await anAgent({ capabilities: { slots: 2, models: [{ name: model, types: ["IMG2IMG"], engine: "test" }] } });
    const { url } = dataOf(await upload(TINY_PNG.slice()));
    const draw = (who: TestUser) =>
      call("POST", "/api/v1/generate/img2img", { token: who.token, json: { prompt: "as an oil painting", imageUrl: url } });
    expect((await draw(user)).status).toBe(200);
    expect(await agent.acceptOffer()).toMatchObject({ task: { type: "IMG2IMG" } });
    expect((await draw(stranger)).status).toBe(400);
  });

  test("of anything else is refused in the envelope, and nothing is stored", async () => {
    const before = await db.$count(inputs);
    const text = new TextEncoder().encode("not a picture");
    const refused: [Awaited<ReturnType<typeof upload>>, number][] = [
      [await upload(text), 415],
      [await upload(formOf("file", text)), 415],
      [await upload(TINY_PNG.slice(0, 20)), 415],
      // What zlib says of the pixels here, not in Node.
      [await upload(PNG(8, 8, pixelsOf(8, 8).slice(0, -1))), 415],
      [await upload(PNG(8, 8, pixelsOf(800, 800))), 415],
      [await upload(new Uint8Array()), 400],
      [await upload(formOf("other", TINY_PNG)), 400],
      [await upload("no form at all", { "Content-Type": "multipart/form-data; boundary=x" }), 400],
      [await upload("no boundary", { "Content-Type": "multipart/form-data" }), 400],
      [await upload(new Uint8Array(10 * 1024 * 1024 + 1)), 413],
      [await upload(new Uint8Array(12 * 1024 * 1024)), 413],
      [await call("POST", `${ROOM}/uploads`, { body: TINY_PNG.slice() }), 401],
    ];
    for (const [answer, status] of refused) {
      expect([answer.status, answer.body["requestId"]]).toEqual([status, expect.any(String)]);
    }
    expect(await db.$count(inputs)).toBe(before);
  });

  test("that the classifier refuses is E006, and nothing is stored", async () => {
    const stored = async () => [await db.$count(inputs), (await env.FILES.list({ prefix: "inputs/" })).objects.length];
    const before = await stored();
    const answer = await callModerated("POST", `${ROOM}/uploads`, { token: user.token, body: TINY_PNG.slice() });
    expect(answer).toMatchObject({ status: 422, body: { code: "E006" } });
    expect(answer.asked).toEqual([{ texts: [], picture: { contentType: "image/png", base64: Buffer.from(TINY_PNG).toString("base64") } }]);
    expect(await stored()).toEqual(before);
  });

  test("that is deleted is really gone; somebody else's, and one gone already, is 404", async () => {
    const { id } = dataOf(await upload(TINY_PNG.slice()));
    const [row] = await db
      .select()
      .from(inputs)
      .where(eq(inputs.id, String(id)));
    expect((await remove(`/uploads/${String(id)}`, stranger)).status).toBe(404);
    expect(await remove(`/uploads/${String(id)}`)).toMatchObject({ status: 200, body: { data: { id, size: TINY_PNG.length } } });
    expect(await env.FILES.head(row?.fileKey ?? "")).toBeNull();
    expect((await remove(`/uploads/${String(id)}`)).status).toBe(404);
    expect((await get("/uploads")).content.map((item) => item["id"])).not.toContain(id);
  });

  test("is listed and deleted like what came with a task, in base64 or by its address, which says so by its kind", async () => {
    const who = await aUser();
    const model = "stable-diffusion-v1-5";
    await anAgent({ capabilities: { slots: 2, models: [{ name: model, types: ["IMG2IMG"], engine: "test" }] } });
    await upload(TINY_PNG.slice(), {}, who);
    const json = { prompt: "as an oil painting", imageBase64: Buffer.from(TINY_PNG).toString("base64") };
    const drawn = await call("POST", "/api/v1/generate/img2img", { token: who.token, json });
    expect(drawn.status).toBe(200);
    expect(await get("/uploads", who)).toMatchObject({ totalElements: 2, content: [{ kind: "TASK" }, { kind: "UPLOAD" }] });
    expect(await get("/uploads?kind=UPLOAD", who)).toMatchObject({ totalElements: 1, content: [{ kind: "UPLOAD" }] });
    const listed = await get("/uploads?kind=TASK", who);
    expect(listed).toMatchObject({ totalElements: 1, content: [{ kind: "TASK", size: TINY_PNG.length, expireTime: expect.any(String) }] });
    expect((await call("GET", `${ROOM}/uploads?kind=other`, { token: who.token })).status).toBe(400);

    const id = String(listed.content[0]?.["id"]);
    const key = (await db.select().from(inputs).where(eq(inputs.id, id)))[0]?.fileKey ?? "";
    expect(await env.FILES.head(key)).not.toBeNull();
    expect((await remove(`/uploads/${id}`, stranger)).status).toBe(404);
    expect((await remove(`/uploads/${id}`, who)).status).toBe(400);
    await cancelAll();
    expect((await remove(`/uploads/${id}`, who)).status).toBe(200);
    expect(await env.FILES.head(key)).toBeNull();
    expect(await get("/uploads", who)).toMatchObject({ totalElements: 1, content: [{ kind: "UPLOAD" }] });
    const retried = await call("POST", `/api/v1/tasks/${String(dataOf(drawn)["taskId"])}/retry`, { token: who.token });
    expect([retried.status, retried.body["message"]]).toEqual([400, "任务的输入图片已删除"]);
  });

  test("that a task works on stays until the task has ended", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    const { id } = dataOf(await upload(TINY_PNG.slice()));
    const { taskId } = await submit(user);
    await db
      .update(tasks)
      .set({ inputId: String(id) })
      .where(eq(tasks.id, taskId));
    expect((await remove(`/uploads/${String(id)}`)).status).toBe(400);
    await cancelAll();
    expect((await remove(`/uploads/${String(id)}`)).status).toBe(200);
  });
});

describe("a result", () => {
  test("that is deleted leaves R2 and its task's detail; the task stays", async () => {
    const owner = await aUser();
    const taskId = await aFinishedTask(await anAgent(), owner, 2);
    const [first, second] = (await detailOf(owner, taskId))["results"] as { url: string; thumbnailUrl: string }[];
    const listed = await get("/results?order=asc", owner);
    expect(listed).toMatchObject({ totalElements: 2 });
    expect(listed.content[0]).toMatchObject({
      id: `${taskId}.0`,
      taskId,
      type: "TEXT2IMG",
      url: first?.url,
      size: TINY_PNG.length,
      format: "PNG",
    });
    expect(Date.parse(`${String(listed.content[0]?.["expireTime"])}Z`)).toBeGreaterThan(Date.now());

    expect((await remove(`/results/${taskId}.0`, stranger)).status).toBe(404);
    expect(await remove(`/results/${taskId}.0`, owner)).toMatchObject({
      status: 200,
      body: { data: { id: `${taskId}.0`, size: TINY_PNG.length } },
    });
    for (const url of [first?.url, first?.thumbnailUrl]) expect((await call("GET", new URL(url ?? "").pathname)).status).toBe(404);
    expect((await call("GET", new URL(second?.url ?? "").pathname)).status).toBe(200);
    expect(await detailOf(owner, taskId)).toMatchObject({ status: "COMPLETED", results: [{ url: second?.url }] });
    expect(await get("/results", owner)).toMatchObject({ totalElements: 1, content: [{ id: `${taskId}.1` }] });
    expect(await db.select().from(resultTotals).where(eq(resultTotals.userId, owner.id))).toMatchObject([
      { files: 1, bytes: TINY_PNG.length },
    ]);
    expect((await remove(`/results/${taskId}.0`, owner)).status).toBe(404);
    expect((await remove("/results/nonsense", owner)).status).toBe(400);
  });

  test("is deleted when its time is over; the task stays and says so", async () => {
    const owner = await aUser();
    const taskId = await aFinishedTask(await anAgent(), owner, 2);
    const { results: before } = await detailOf(owner, taskId);
    const files = before as { url: string; thumbnailUrl: string; expireTime: string }[];
    const expiry = Date.parse(`${files[0]?.expireTime}Z`);
    expect(Math.abs(expiry - Date.now() - DEFAULTS.retentionMs)).toBeLessThan(60_000);
    const statusOf = async (url: string) => (await call("GET", new URL(url).pathname)).status;

    await removeExpiredResults(env, expiry - 60_000);
    expect(await detailOf(owner, taskId)).toMatchObject({ results: files });
    await db
      .update(results)
      .set({ expireTime: Date.now() - 1 })
      .where(eq(results.taskId, taskId));
    await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
    for (const { url, thumbnailUrl } of files) expect([await statusOf(url), await statusOf(thumbnailUrl)]).toEqual([404, 404]);
    expect(await get("/results", owner)).toMatchObject({ totalElements: 0, content: [] });
    const after = await detailOf(owner, taskId);
    expect(after).toMatchObject({ status: "COMPLETED", results: [] });
    expect(after).not.toHaveProperty("resultsExpired");
    vi.setSystemTime(expiry + 60_000);
    await db.update(sessions).set({ expireTime: Number.MAX_SAFE_INTEGER }).where(eq(sessions.userId, owner.id));
    const [session] = await db.select().from(sessions).where(eq(sessions.userId, owner.id));
    const token = await tokenOf(owner.id, session?.id ?? "", "access");
    expect(await detailOf({ ...owner, token }, taskId)).toMatchObject({ status: "COMPLETED", results: [], resultsExpired: true });
  });
});

describe("the cron trigger", () => {
  const AT_ONCE = 200;
  const LONG_AGO = 1_000_000;
  const run = () => worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
  const numbers = Array.from({ length: AT_ONCE + 1 }, (_, n) => n);

  test("deletes two hundred results a minute, the oldest first, and the rest in the next", async () => {
    const owner = await aUser();
    const taskId = await aFinishedTask(await anAgent(), owner);
    const [kept] = await db.select().from(results).where(eq(results.taskId, taskId));
    if (!kept) throw new Error("the task has no result");
    const old = numbers.map((n) => ({ ...kept, position: n + 1, fileKey: `results/old/${n}.png`, expireTime: LONG_AGO + n }));
    for (let i = 0; i < old.length; i += 5) await db.insert(results).values(old.slice(i, i + 5));
    await Promise.all(old.map(({ fileKey }) => env.FILES.put(fileKey, "x")));
    const left = async () => {
      const files = await env.FILES.list({ prefix: "results/old/" });
      return [(await db.select().from(results).where(eq(results.taskId, taskId))).map(({ position }) => position), files.objects.length];
    };

    await run();
    expect(await left()).toEqual([[0, AT_ONCE + 1], 1]);
    await run();
    expect(await left()).toEqual([[0], 0]);
    expect(await db.select().from(resultTotals).where(eq(resultTotals.userId, owner.id))).toMatchObject([{ files: 1 }]);
  });

  test("deletes two hundred pictures a minute, the oldest first, and the rest in the next", async () => {
    const { id: userId } = await aUser();
    const facts = { userId, uploaded: false, sha256: "", sizeBytes: 1, width: 1, height: 1, format: "PNG" as const, createTime: 1 };
    const old = numbers.map((n) => ({
      ...facts,
      id: `old-${userId}-${n}`,
      fileKey: `inputs/old${userId}-${n}.png`,
      expireTime: LONG_AGO + n,
    }));
    for (let i = 0; i < old.length; i += 5) await db.insert(inputs).values(old.slice(i, i + 5));
    await Promise.all(old.map(({ fileKey }) => env.FILES.put(fileKey, "x")));
    const left = async () => {
      const files = await env.FILES.list({ prefix: `inputs/old${userId}-` });
      const rows = await db
        .select()
        .from(inputs)
        .where(and(eq(inputs.userId, userId), isNull(inputs.deleteTime)));
      return [rows.map(({ id }) => id), files.objects.length];
    };

    await run();
    expect(await left()).toEqual([[`old-${userId}-${AT_ONCE}`], 1]);
    await run();
    expect(await left()).toEqual([[], 0]);
  });
});

describe("an agent key", () => {
  test("is shown once, listed without its secret, and connects an agent that serves its owner alone", async () => {
    const created = await post("/agent-keys", { name: "  my box  " });
    const { key, id } = dataOf<{ key: string; id: number }>(created);
    expect(dataOf(created)).toMatchObject({ name: "my box", trusted: false, lastUsedTime: null, revokeTime: null });
    expect(key).toMatch(/^sgk_/);
    const { content } = await get("/agent-keys");
    expect(content[0]).toMatchObject({ id, name: "my box" });
    expect(JSON.stringify(content)).not.toContain(key);
    expect((await get("/agent-keys", stranger)).totalElements).toBe(0);

    const own = await anAgent({ id: "my-own-box" }, key);
    await untilAgents(1, ownerPool(user.id));
    await untilAgents(0);
    const { taskId } = await submit(user);
    await own.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    expect((await post("/agent-keys", { name: "" })).status).toBe(400);
    await cancelAll();
    await remove(`/agent-keys/${id}`);
  });

  test("notes when it was used, at most once a minute", async () => {
    const key = await anAgentKey(user.id, { trusted: false });
    const hash = await hashAgentKey(key);
    const usedAt = async () => (await db.select().from(agentKeys).where(eq(agentKeys.hash, hash)))[0]?.lastUsedTime;
    const connect = async () => (await TestAgent.open(key)).cut();
    await connect();
    const first = await usedAt();
    expect(Date.now() - (first ?? 0)).toBeLessThan(10_000);
    await connect();
    expect(await usedAt()).toBe(first);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    await connect();
    expect(await usedAt()).toBeGreaterThan(first ?? 0);
  });

  test("that is revoked closes its sockets with 4401 at once, also those that said nothing yet, and its task goes back to the line", async () => {
    const { key, id } = dataOf<{ key: string; id: number }>(await post("/agent-keys", { name: "doomed" }));
    const silent = await TestAgent.open(key);
    const own = await anAgent({}, key);
    const { taskId } = await submit(user);
    await own.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");

    expect((await remove(`/agent-keys/${id}`, stranger)).status).toBe(404);
    const revoked = await remove(`/agent-keys/${id}`);
    expect(dataOf(revoked)).toMatchObject({ id, revokeTime: expect.any(String) });
    expect(await own.untilClosed()).toEqual({ code: 4401, reason: "the agent key was revoked" });
    expect(await silent.untilClosed()).toMatchObject({ code: 4401 });
    await untilStatus(user, taskId, "PENDING");
    await expect(TestAgent.open(key)).rejects.toThrow("401");
    // A repeat says the same.
    expect(dataOf(await remove(`/agent-keys/${id}`))).toEqual(dataOf(revoked));
    expect((await remove("/agent-keys/999999")).status).toBe(404);
  });
});

describe("an owner's agents", () => {
  let owner: TestUser;
  let key: string;
  let keyId: number;
  let agent: TestAgent;

  beforeAll(async () => {
    owner = await aUser();
    ({ key, id: keyId } = dataOf<{ key: string; id: number }>(await post("/agent-keys", { name: "box" }, owner)));
  });

  const idOf = (name = "test-agent-1") => `${keyId}.${name}`;
  const listed = () => get("/agents", owner);
  const untilListed = async (expected: Record<string, unknown>) =>
    vi.waitFor(async () => expect((await listed()).content[0]).toMatchObject(expected), { interval: 10, timeout: 4000 });

  test("are listed with state, reason, models and what they have done", async () => {
    agent = await anAgent({}, key);
    await untilListed({ state: "idle" });
    expect((await listed()).content[0]).toMatchObject({
      id: idOf(),
      keyId,
      name: "test-agent-1",
      version: "test",
      reason: "没有等待的任务",
      models: [{ name: TEXT2IMG_MODEL, types: ["TEXT2IMG"], engine: "test", servedAs: "test-model" }],
      slots: SCENE_CAPABILITIES.slots,
      running: 0,
      tasksDone: 0,
      tasksFailed: 0,
    });
    expect(await get("/agents", stranger)).toMatchObject({ totalElements: 0 });
    await aFinishedTask(agent, owner);
    await untilListed({ state: "idle", tasksDone: 1 });
    agent.leave();
    await untilListed({ state: "offline", tasksDone: 1 });
  });

  test("are offered nothing while paused, and what waits once they are resumed", async () => {
    agent = await anAgent({}, key);
    agent.send({ type: "ready", freeSlots: 0 });
    await untilListed({ state: "connected" });
    await submit(owner);
    expect((await post(`/agents/${idOf()}/pause`, undefined, stranger)).status).toBe(404);
    expect(await post(`/agents/${idOf()}/pause`, undefined, owner)).toMatchObject({
      status: 200,
      body: { data: { id: idOf(), command: "pause" } },
    });
    agent.send({ type: "ready", freeSlots: 2 });
    await untilListed({ state: "paused" });
    agent.sendRaw('{ "type": "ping" }');
    await agent.next("pong");
    expect(agent.received.map(({ type }) => type)).toEqual(["welcome", "pong"]);
    await post(`/agents/${idOf()}/resume`, undefined, owner);
    await agent.acceptOffer();
    await untilListed({ state: "busy", running: 1 });
  });

  test("finish what they have when drained, are told again when they come back, and take work once resumed", async () => {
    agent = await anAgent({}, key);
    await untilListed({ state: "idle" });
    const { taskId } = await submit(owner);
    const offer = await agent.acceptOffer();
    expect((await post(`/agents/${idOf()}/drain`, undefined, owner)).status).toBe(200);
    expect(await agent.next("drain")).toEqual({ type: "drain" });
    await untilListed({ state: "draining", running: 1 });
    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    await untilStatus(owner, taskId, "COMPLETED");

    agent.cut();
    await untilAgents(0, ownerPool(owner.id));
    agent = await anAgent({}, key);
    expect(await agent.next("drain")).toEqual({ type: "drain" });

    await post(`/agents/${idOf()}/resume`, undefined, owner);
    expect(await agent.untilClosed()).toMatchObject({ code: 1012 });
    await untilAgents(0, ownerPool(owner.id));
    agent = await anAgent({}, key);
    await submit(owner);
    await agent.acceptOffer();
    expect(agent.received.map(({ type }) => type)).toEqual(["welcome", "offer"]);
  });

  test("that nobody knows cannot be told anything", async () => {
    expect((await post(`/agents/${keyId}.no-such-agent/pause`, undefined, owner)).status).toBe(404);
    expect((await post(`/agents/999999.test-agent-1/pause`, undefined, owner)).status).toBe(404);
    expect((await post(`/agents/nonsense/pause`, undefined, owner)).status).toBe(400);
  });

  test("earn a share of what they complete, where the operator gives one, told among the fund records", async () => {
    const earnings = async () => dataOf(await call("GET", `${ROOM}/agents/earnings`, { token: owner.token }));
    expect(await earnings()).toEqual({ total: 0, today: 0, month: 0 });
    agent = await anAgent({}, key);
    const { taskId } = await submit(owner);
    const { attemptId } = await agent.acceptOffer();
    await untilStatus(owner, taskId, "PROCESSING");
    const end = { status: "COMPLETED" as const, results: [], servedBy: { engine: "test", model: "test-model" }, notes: [] };
    await createLedger(db, { ownerSharePercent: 75 }).settleTask(taskId, attemptId, end, Date.now());
    expect(await earnings()).toEqual({ total: 7, today: 7, month: 7 });
    const records = dataOf<Listed>(await call("GET", "/api/v1/users/fund-records?type=EARN", { token: owner.token }));
    expect(records).toMatchObject({ totalElements: 1, content: [{ type: "EARN", amount: 7, reason: "算力收益", taskId }] });
  });
});
