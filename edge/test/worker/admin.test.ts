import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq, inArray } from "drizzle-orm";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { CHECK_EVERY_MS } from "../../src/billing/check-ledger.ts";
import { openDatabase } from "../../src/db/client.ts";
import { accounts, auditLog, blockedWords, fundRecords, holds } from "../../src/db/schema.ts";
import { ownerPool } from "../../src/dispatch/shards/pools.ts";
import worker from "../../src/worker.ts";
import { StompSocket } from "./stomp-socket.ts";
import {
  aUser,
  anAgentKey,
  balanceOf,
  call,
  cancelAll,
  dataOf,
  detailOf,
  submit,
  TEXT2IMG_MODEL,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
const ROOM = "/api/v1/admin";
const agents: TestAgent[] = [];

let admin: TestUser;
let user: TestUser;
let publicKey: string;

beforeAll(async () => {
  admin = await aUser({ role: "ADMIN" });
  user = await aUser();
  publicKey = await anAgentKey(admin.id);
});

afterEach(async () => {
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  await untilAgents(0);
});

async function anAgent(options: Parameters<typeof TestAgent.ready>[1] = {}, key = publicKey) {
  const agent = await TestAgent.ready(key, options);
  agents.push(agent);
  return agent;
}

const ask = (method: string, path: string, json?: unknown, who = admin) =>
  call(method, `${ROOM}${path}`, { token: who.token, ...(json !== undefined && { json }) });
const get = async <T = { content: Record<string, unknown>[]; totalElements: number }>(path: string) => dataOf<T>(await ask("GET", path));
/** The newest line of the audit log. */
const newestAudit = async () => (await get("/audit?pageSize=1")).content[0];

async function aFinishedTask(agent: TestAgent, who: TestUser) {
  const { taskId, cost } = await submit(who);
  const offer = await agent.acceptOffer();
  agent.complete(offer, (await agent.upload(offer)).sha256);
  await untilStatus(who, taskId, "COMPLETED");
  agent.send({ type: "ready", freeSlots: 2 });
  return { taskId, cost };
}

test("nobody but an administrator gets in, and nothing is written", async () => {
  const before = await db.$count(auditLog);
  for (const [method, path, json] of [
    ["GET", "/users", undefined],
    ["POST", "/users", { username: "mallory" }],
    ["PATCH", `/users/${user.id}`, { role: "ADMIN" }],
    ["POST", `/users/${user.id}/recharge`, { amount: 5, reason: "mine" }],
    ["GET", "/audit", undefined],
    ["GET", "/no-such-route", undefined],
  ] as const) {
    expect([(await ask(method, path, json, user)).status, path]).toEqual([403, path]);
    expect((await call(method, `${ROOM}${path}`)).status).toBe(401);
  }
  expect(await db.$count(auditLog)).toBe(before);
  expect(await balanceOf(user)).toMatchObject({ balance: 1000 });
});

describe("users", () => {
  const login = (username: string, password: string) => call("POST", "/api/v1/auth/login", { json: { username, password } });

  test("are made with credits and a password that is shown once, or with the given one", async () => {
    const made = dataOf(await ask("POST", "/users", { username: "grace", credits: 250, role: "USER" }));
    expect(made).toMatchObject({ username: "grace", nickname: "grace", role: "USER", balance: 250, freezed: 0, disabled: false });
    expect(made["password"]).toMatch(/^sg-/);
    expect((await login("grace", String(made["password"]))).status).toBe(200);
    expect(await newestAudit()).toMatchObject({
      action: "user.create",
      target: `user:${String(made["id"])}`,
      before: null,
      adminId: admin.id,
    });
    expect(JSON.stringify(await get("/audit"))).not.toContain(String(made["password"]));

    const given = dataOf(await ask("POST", "/users", { username: "henry", password: "my own word" }));
    expect(given).not.toHaveProperty("password");
    expect((await login("henry", "my own word")).status).toBe(200);
    expect((await ask("POST", "/users", { username: "GRACE" })).status).toBe(400);
    expect((await ask("POST", "/users", { username: "x" })).status).toBe(400);
  });

  test("are searched, filtered and paged in a stable order", async () => {
    for (const name of ["searched-one", "searched-two", "searched-three"]) await ask("POST", "/users", { username: name });
    const found = await get("/users?search=SEARCHED-&sort=username&order=asc&pageSize=2");
    expect(found).toMatchObject({ totalElements: 3, content: [{ username: "searched-one" }, { username: "searched-three" }] });
    expect((await get("/users?search=searched-&sort=username&order=asc&pageSize=2&page=2")).content).toMatchObject([
      { username: "searched-two" },
    ]);
    expect((await get("/users?search=%25")).totalElements).toBe(0);
    expect((await get("/users?role=ADMIN")).content.map(({ id }) => id)).toEqual([admin.id]);
    expect((await ask("GET", "/users?sort=password")).status).toBe(400);
  });

  test("are given a role and a VIP level with an expiry, and the log says from what to what", async () => {
    const vip = { vipLevel: 3, vipExpireTime: "2031-12-31T23:59:59" };
    expect(dataOf(await ask("PATCH", `/users/${user.id}`, vip))).toMatchObject(vip);
    expect(await newestAudit()).toMatchObject({
      action: "user.update",
      target: `user:${user.id}`,
      before: { vipLevel: 0, vipExpireTime: null },
      after: { vipLevel: 3 },
    });
    expect(await get(`/users/${user.id}`)).toMatchObject({ ...vip, balance: 1000 });
    for (const wrong of [{}, { vipLevel: 1.5 }, { vipExpireTime: "2031-02-31T00:00:00" }, { role: "KING" }, { vipLevel: -1 }]) {
      expect((await ask("PATCH", `/users/${user.id}`, wrong)).status).toBe(400);
    }
    expect((await ask("PATCH", "/users/999999", { vipLevel: 1 })).status).toBe(404);
    expect((await ask("PATCH", `/users/${admin.id}`, { disabled: true })).status).toBe(400);
    expect((await ask("PATCH", `/users/${admin.id}`, { role: "USER" })).status).toBe(400);
  });

  test("who are disabled lose sessions, keys and sockets at once, and get none of them back", async () => {
    const owner = await aUser();
    const key = await anAgentKey(owner.id, { trusted: false });
    const agent = await TestAgent.ready(key);
    const socket = await StompSocket.connected(owner.token);
    expect(dataOf(await ask("PATCH", `/users/${owner.id}`, { disabled: true }))).toMatchObject({ disabled: true });
    expect(await agent.untilClosed()).toMatchObject({ code: 4401 });
    expect((await socket.next("ERROR")).headers["message"]).toContain("the account is disabled");
    await socket.untilClosed();
    expect((await call("GET", "/api/v1/users/balance", { token: owner.token })).status).toBe(401);
    expect((await call("POST", "/api/v1/auth/refresh", { token: owner.refreshToken })).status).toBe(401);
    expect((await login(owner.username, owner.password)).status).toBe(401);
    await expect(TestAgent.open(key)).rejects.toThrow("401");

    await ask("PATCH", `/users/${owner.id}`, { disabled: false });
    expect((await call("GET", "/api/v1/users/balance", { token: owner.token })).status).toBe(401);
    await expect(TestAgent.open(key)).rejects.toThrow("401");
    expect((await login(owner.username, owner.password)).status).toBe(200);
  });
});

describe("credits", () => {
  test("are recharged once by a request that is repeated with its key, however many repeats there are at once", async () => {
    const lucky = await aUser({ credits: 0 });
    const move = (path: string, amount: number) =>
      call("POST", `${ROOM}/users/${lucky.id}/${path}`, {
        token: admin.token,
        json: { amount, reason: "paid" },
        headers: { "Idempotency-Key": `invoice-${lucky.id}` },
      });
    const answers = await Promise.all([1, 2, 3].map(() => move("recharge", 100)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(dataOf(await move("recharge", 100))).toMatchObject({ amount: 100, balance: 100 });
    expect((await move("recharge", 200)).status).toBe(400);
    expect((await move("adjust", 100)).status).toBe(400);
    expect(await balanceOf(lucky)).toMatchObject({ balance: 100 });
  });

  test("are recharged and adjusted with a reason, and never below what is free", async () => {
    const rich = await aUser({ credits: 0 });
    const move = (what: string, json: unknown) => ask("POST", `/users/${rich.id}/${what}`, json);
    expect(dataOf(await move("recharge", { amount: 100, reason: "paid" }))).toMatchObject({ balance: 100, available: 100, amount: 100 });
    expect(dataOf(await move("adjust", { amount: -30, reason: "counted twice" }))).toMatchObject({ balance: 70 });
    expect(await newestAudit()).toMatchObject({
      action: "credits.adjust",
      target: `user:${rich.id}`,
      before: { balance: 100 },
      after: { balance: 70, amount: -30, reason: "counted twice" },
    });
    const before = await db.$count(auditLog);
    expect(await move("adjust", { amount: -71, reason: "too much" })).toMatchObject({ status: 402, body: { code: "E002" } });
    for (const wrong of [{ amount: 0, reason: "x" }, { amount: 1 }, { amount: 1.5, reason: "x" }, { amount: 1, reason: " " }]) {
      expect((await move("adjust", wrong)).status).toBe(400);
    }
    expect((await move("recharge", { amount: -1, reason: "x" })).status).toBe(400);
    expect((await ask("POST", "/users/999999/recharge", { amount: 1, reason: "x" })).status).toBe(404);
    expect(await db.$count(auditLog)).toBe(before);
    const records = await db.select().from(fundRecords).where(eq(fundRecords.userId, rich.id));
    expect(records.map(({ type, amount, balance }) => [type, amount, balance])).toEqual([
      ["RECHARGE", 100, 100],
      ["ADJUST", -30, 70],
    ]);
  });

  test("that are moved at the same time are each logged from the balance they found to the one they left", async () => {
    const rich = await aUser({ credits: 0 });
    const moves = await Promise.all(
      Array.from({ length: 5 }, () => ask("POST", `/users/${rich.id}/recharge`, { amount: 10, reason: "paid" })),
    );
    expect(moves.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const { content } = await get(`/audit?target=user:${rich.id}`);
    expect(content.toReversed().map(({ before, after }) => [before, after])).toEqual(
      [0, 10, 20, 30, 40].map((balance) => [{ balance }, { balance: balance + 10, amount: 10, reason: "paid" }]),
    );
  });

  test("of a captured charge are returned whole and once; of any other task not at all", async () => {
    const agent = await anAgent();
    const { taskId, cost } = await aFinishedTask(agent, user);
    const { balance } = await balanceOf(user);
    const refund = (id: string) => ask("POST", `/tasks/${id}/refund`, { reason: "the picture was black" });
    const both = await Promise.all([refund(taskId), refund(taskId)]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
    expect(await balanceOf(user)).toMatchObject({ balance: Number(balance) + cost });
    expect(await get(`/tasks/${taskId}`)).toMatchObject({ refunded: true, settlement: "CAPTURED" });

    const { taskId: cancelled } = await submit(user);
    expect((await refund(cancelled)).status).toBe(400);
    await ask("DELETE", `/tasks/${cancelled}`);
    expect((await refund(cancelled)).status).toBe(400);
    expect((await refund("t2i_none")).status).toBe(404);
  });

  test("that do not add up are found, and their account named", async () => {
    const cron = () => worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
    const now = Date.now();
    expect(await get("/ledger/check")).toMatchObject({ isSound: true, faults: [], accounts: await db.$count(accounts), lastCheck: null });
    await cron();
    expect(await get("/ledger/check")).toMatchObject({ lastCheck: { accounts: await db.$count(accounts), faults: 0, userIds: [] } });

    const broken = [await aUser({ credits: 10 }), await aUser({ credits: 10 })];
    const ids = broken.map(({ id }) => id);
    const set = async (balance: number, frozen: number) =>
      void (await db.update(accounts).set({ balance, frozen }).where(inArray(accounts.userId, ids)));
    await set(12, 1);
    const faults = broken.map(({ id, username }) => ({ userId: id, username, balance: 12, recorded: 10, freezed: 1, held: 0 }));
    expect(await get("/ledger/check")).toMatchObject({ isSound: false, faults, totalFaults: 2 });
    expect(await get("/ledger/check?page=2&pageSize=1")).toMatchObject({ faults: faults.slice(1), totalFaults: 2, totalPages: 2, page: 2 });
    vi.useFakeTimers({ toFake: ["Date"], now: now + CHECK_EVERY_MS + 60_000 });
    await cron();
    vi.useRealTimers();
    await set(10, 0);
    expect(await get("/ledger/check")).toMatchObject({ isSound: true, totalFaults: 0, lastCheck: { faults: 2, userIds: ids } });
  });
});

describe("tasks", () => {
  test("of everybody are listed by user, status, type, model and time, and shown with their attempts", async () => {
    const [owner, agent] = [await aUser(), await anAgent()];
    const { taskId } = await aFinishedTask(agent, owner);
    const { taskId: waiting } = await submit(owner);
    const mine = `/tasks?userId=${owner.id}`;
    expect(await get(mine)).toMatchObject({
      totalElements: 2,
      content: [
        { id: waiting },
        { id: taskId, userId: owner.id, username: owner.username, model: TEXT2IMG_MODEL, pool: "public", results: [expect.any(String)] },
      ],
    });
    expect(await get(`${mine}&status=COMPLETED&type=TEXT2IMG`)).toMatchObject({ totalElements: 1, content: [{ id: taskId }] });
    expect(await get(`${mine}&type=POSE`)).toMatchObject({ totalElements: 0, content: [] });
    expect(await get(`${mine}&model=${TEXT2IMG_MODEL}&sort=cost`)).toMatchObject({ totalElements: 2 });
    expect(await get(`${mine}&model=nothing`)).toMatchObject({ totalElements: 0 });
    expect(await get(`${mine}&from=2020-01-01T00:00:00&to=2020-01-02T00:00:00`)).toMatchObject({ totalElements: 0, content: [] });
    expect(await get(`${mine}&from=2020-01-01T00:00:00`)).toMatchObject({ totalElements: 2 });
    expect((await ask("GET", "/tasks?from=yesterday")).status).toBe(400);
    expect((await get("/tasks?pageSize=1")).totalElements).toBeGreaterThan(2);

    expect(await get(`/tasks/${taskId}`)).toMatchObject({
      id: taskId,
      username: owner.username,
      prompt: "a cat",
      settlement: "CAPTURED",
      refunded: false,
      attempts: [{ number: 1, agentName: "test-agent-1", outcome: "COMPLETED", endTime: expect.any(String) }],
    });
    expect((await ask("GET", "/tasks/t2i_none")).status).toBe(404);
  });

  test("of anybody are cancelled as by their owner, and their engine stopped", async () => {
    const agent = await anAgent();
    const { taskId, cost } = await submit(user);
    const offer = await agent.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    expect(await ask("DELETE", `/tasks/${taskId}`)).toMatchObject({
      status: 200,
      body: { message: "任务已取消", data: { taskId, refund: cost } },
    });
    expect(await agent.next("cancel")).toEqual({ type: "cancel", attemptId: offer.attemptId });
    expect(await detailOf(user, taskId)).toMatchObject({ status: "CANCELLED" });
    expect(await newestAudit()).toMatchObject({
      action: "task.cancel",
      target: `task:${taskId}`,
      before: { status: "PROCESSING" },
      after: { status: "CANCELLED", refund: cost },
    });
    expect((await ask("DELETE", `/tasks/${taskId}`)).status).toBe(400);
    expect((await ask("DELETE", "/tasks/t2i_none")).status).toBe(404);
  });

  test("are not cancelled when the line in the log cannot be written", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    const { taskId } = await submit(user);
    const { freezed } = await balanceOf(user);
    await env.DB.prepare("CREATE TRIGGER log_is_full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'full'); END").run();
    try {
      expect((await ask("DELETE", `/tasks/${taskId}`)).status).toBe(500);
    } finally {
      await env.DB.prepare("DROP TRIGGER log_is_full").run();
    }
    expect(await detailOf(user, taskId)).toMatchObject({ status: "PENDING" });
    expect(await balanceOf(user)).toMatchObject({ freezed });
    expect((await ask("DELETE", `/tasks/${taskId}`)).status).toBe(200);
  });
});

describe("models", () => {
  test("that an agent reports and nobody priced are listed as such, not offered, and offered once created", async () => {
    const capabilities = { slots: 2, models: [{ name: "vendor/brand new", types: ["TEXT2IMG" as const], engine: "test" }] };
    const agent = await anAgent({ capabilities });
    await expect
      .poll(() => get("/models?status=unpriced"))
      .toMatchObject({
        totalElements: 1,
        content: [{ name: "vendor/brand new", status: "unpriced", types: ["TEXT2IMG"], price: null, agents: 1 }],
      });
    const json = { prompt: "a cat", modelName: "vendor/brand new" };
    const draw = () => call("POST", "/api/v1/generate/text2img", { token: user.token, json });
    expect((await draw()).status).toBe(400);

    const made = await ask("POST", "/models", { name: "vendor/brand new", types: ["TEXT2IMG"], price: 20, limits: { maxSteps: 50 } });
    expect(dataOf(made)).toMatchObject({ name: "vendor/brand new", status: "enabled", price: 20, limits: { maxSteps: 50 } });
    expect(dataOf(await draw())).toMatchObject({ cost: 20 });
    await agent.acceptOffer();
    expect((await ask("POST", "/models", { name: "vendor/brand new", types: ["POSE"], price: 1 })).status).toBe(400);

    const path = `/models/${encodeURIComponent("vendor/brand new")}`;
    expect(dataOf(await ask("PATCH", path, { price: 40 }))).toMatchObject({ price: 40, limits: { maxSteps: 50 } });
    expect(await newestAudit()).toMatchObject({
      action: "model.update",
      target: "model:vendor/brand new",
      before: { priceCredits: 20 },
      after: { priceCredits: 40 },
    });
    expect(dataOf(await ask("PATCH", path, { memoryBytes: 24 * 2 ** 30 }))).toMatchObject({ memoryBytes: 24 * 2 ** 30, price: 40 });
    expect(await get("/models?status=enabled&pageSize=100")).toMatchObject({
      content: expect.arrayContaining([expect.objectContaining({ name: "vendor/brand new", memoryBytes: 24 * 2 ** 30 })]),
    });
    expect(dataOf(await ask("PATCH", path, { memoryBytes: null }))).toMatchObject({ memoryBytes: null });
    await ask("PATCH", path, { enabled: false });
    expect((await draw()).status).toBe(400);
    expect(await get("/models?status=disabled")).toMatchObject({ content: [{ name: "vendor/brand new" }] });
    expect((await ask("PATCH", "/models/none", { price: 1 })).status).toBe(404);
    for (const wrong of [
      {},
      { price: -1 },
      { memoryBytes: 0 },
      { types: [] },
      { types: ["POSE", "POSE"] },
      { limits: { maxSteps: 0 } },
      { price: 1.5 },
    ]) {
      expect((await ask("PATCH", path, wrong)).status).toBe(400);
    }
  });
});

describe("the word list", () => {
  test("counts at once: what it holds is refused with E006, and what it held is taken", async () => {
    await anAgent();
    const draw = () => call("POST", "/api/v1/generate/text2img", { token: user.token, json: { prompt: "a very ＢＡＮＮＥＤ thing" } });
    await ask("POST", "/words", { words: ["banned"] });
    expect(await draw()).toMatchObject({ status: 422, body: { code: "E006" } });
    await ask("DELETE", "/words/banned");
    expect((await draw()).status).toBe(200);
  });

  test("is added to, searched and taken from, each with its line in the log", async () => {
    expect(dataOf(await ask("POST", "/words", { words: ["forbidden", "禁词", "forbidden"] }))).toEqual({ changed: 2 });
    expect(dataOf(await ask("POST", "/words", { words: ["forbidden"] }))).toEqual({ changed: 0 });
    expect(await get("/words?search=FORB")).toMatchObject({ totalElements: 1, content: [{ word: "forbidden" }] });
    expect(await newestAudit()).toMatchObject({ action: "words.add", after: { words: ["forbidden", "禁词"] } });
    expect(dataOf(await ask("DELETE", `/words/${encodeURIComponent("禁词")}`))).toEqual({ changed: 1 });
    expect((await ask("DELETE", `/words/${encodeURIComponent("禁词")}`)).status).toBe(404);
    expect((await db.select().from(blockedWords)).map(({ word }) => word)).toEqual(["forbidden"]);
    const many = Array.from({ length: 300 }, (_, i) => `word-${i}`);
    expect(dataOf(await ask("POST", "/words", { words: many }))).toEqual({ changed: 300 });
    for (const wrong of [{}, { words: [] }, { words: [""] }, { words: [1] }]) expect((await ask("POST", "/words", wrong)).status).toBe(400);
  });
});

describe("agents and their keys", () => {
  test("a key is made for a user, trusted with everybody's tasks, and no more; its agents come back to the right pool", async () => {
    const owner = await aUser();
    const made = dataOf<{ id: number; key: string }>(await ask("POST", "/agent-keys", { userId: owner.id, name: "their box" }));
    expect(made).toMatchObject({ trusted: false, userId: owner.id, username: owner.username, name: "their box" });
    expect(await newestAudit()).toMatchObject({ action: "agent-key.create", target: `agent-key:${made.id}` });
    expect(JSON.stringify(await get("/audit"))).not.toContain(made.key);
    const first = await TestAgent.ready(made.key);
    await untilAgents(1, ownerPool(owner.id));

    expect(dataOf(await ask("PATCH", `/agent-keys/${made.id}`, { trusted: true }))).toMatchObject({ trusted: true });
    expect(await first.untilClosed()).toMatchObject({ code: 1012 });
    await anAgent({}, made.key);
    await untilAgents(1);
    await untilAgents(0, ownerPool(owner.id));
    expect(await get(`/agent-keys?trusted=true&userId=${owner.id}`)).toMatchObject({ totalElements: 1, content: [{ id: made.id }] });

    await ask("PATCH", `/agent-keys/${made.id}`, { trusted: false });
    expect(await newestAudit()).toMatchObject({ action: "agent-key.untrust", before: { trusted: true }, after: { trusted: false } });
    await untilAgents(0);
    const last = await TestAgent.ready(made.key);
    expect(dataOf(await ask("DELETE", `/agent-keys/${made.id}`))).toMatchObject({ revokeTime: expect.any(String) });
    expect(await last.untilClosed()).toMatchObject({ code: 4401 });
    expect((await ask("PATCH", `/agent-keys/${made.id}`, { trusted: true })).status).toBe(400);
    expect(await get(`/agent-keys?revoked=true&userId=${owner.id}`)).toMatchObject({ totalElements: 1 });
    expect((await ask("POST", "/agent-keys", { userId: 999_999, name: "x" })).status).toBe(400);
    expect((await ask("DELETE", "/agent-keys/999999")).status).toBe(404);
  });

  test("of everybody are listed with their owners, and told to drain, pause and resume", async () => {
    const agent = await anAgent({ id: "watched-agent" });
    const listed = () => get(`/agents?userId=${admin.id}&sort=name&order=desc&pageSize=1`);
    await expect
      .poll(listed)
      .toMatchObject({ content: [{ name: "watched-agent", state: "idle", username: admin.username, pool: "public" }] });
    const id = String((await listed()).content[0]?.["id"]);
    expect((await ask("POST", `/agents/${id}/pause`)).status).toBe(200);
    expect(await newestAudit()).toMatchObject({ action: "agent.pause", target: `agent:${id}` });
    expect((await listed()).content[0]).toMatchObject({ state: "paused" });
    await ask("POST", `/agents/${id}/resume`);
    await ask("POST", `/agents/${id}/drain`);
    expect(await agent.next("drain")).toEqual({ type: "drain" });
    expect((await listed()).content[0]).toMatchObject({ state: "draining" });
    await ask("POST", `/agents/${id}/resume`);
    expect(await agent.untilClosed()).toMatchObject({ code: 1012 });
    expect((await ask("POST", "/agents/1.no-such-agent/drain")).status).toBe(404);
  });
});

describe("figures", () => {
  test("say what waits and runs in each line, for how long, and how many agents are in which state", async () => {
    const agent = await anAgent({ capabilities: { slots: 1, models: [{ name: TEXT2IMG_MODEL, types: ["TEXT2IMG"], engine: "test" }] } });
    const { taskId } = await submit(user);
    await agent.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    await submit(user);
    await submit(user);
    const queue = await get<Record<string, unknown>>("/queue");
    expect(queue).toMatchObject({
      waiting: 2,
      running: 1,
      oldestWaitSeconds: expect.any(Number),
      lines: [{ pool: "public", type: "TEXT2IMG", model: TEXT2IMG_MODEL, pixels: null, waiting: 2, agents: 1 }],
      unrecorded: { failing: 0, givenUp: 0 },
      poolsLeftOut: 0,
    });
    const fleet = await get<{ byState: Record<string, number> }>("/fleet");
    expect(fleet).toMatchObject({ slots: 1, running: 1, models: [{ name: TEXT2IMG_MODEL, agents: 1 }], poolsLeftOut: 0 });
    expect(fleet.byState).toMatchObject({ busy: 1, paused: 0 });
    await cancelAll();
    expect(await get("/queue")).toMatchObject({ waiting: 0, oldestWaitSeconds: null, lines: [] });
  });
});

describe("the audit log", () => {
  /** What a change found is what the one before it left, however many are made at once. */
  const chain = async (target: string, action: string) => {
    const { content } = await get(`/audit?target=${encodeURIComponent(target)}&action=${action}&pageSize=100&order=asc`);
    const lines = content.map(({ before, after }) => [before, after]);
    expect(lines.slice(1).map(([before]) => before)).toEqual(lines.slice(0, -1).map(([, after]) => after));
    return lines;
  };

  test("says what a change of a user really found, also when others are made at the same time", async () => {
    const { id } = await aUser();
    await Promise.all([1, 2, 3, 4, 5].map((vipLevel) => ask("PATCH", `/users/${id}`, { vipLevel, disabled: false })));
    const lines = await chain(`user:${id}`, "user.update");
    expect([lines.length, lines[0]?.[0]]).toEqual([5, { vipLevel: 0, disabled: false }]);
    await ask("PATCH", `/users/${id}`, { disabled: true });
    expect(await newestAudit()).toMatchObject({ before: { disabled: false }, after: { disabled: true } });
  });

  test("says what a change of a model really found, lists and limits too", async () => {
    const name = "often-changed";
    await ask("POST", "/models", { name, types: ["TEXT2IMG"], price: 1, limits: { maxSteps: 9 } });
    const changes = [2, 3, 4].map((price) => ({ price, types: ["POSE"], limits: { maxSteps: price }, enabled: true }));
    const answers = await Promise.all(changes.map((change) => ask("PATCH", `/models/${name}`, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const lines = await chain(`model:${name}`, "model.update");
    expect([lines.length, lines[0]?.[0]]).toEqual([3, { types: ["TEXT2IMG"], priceCredits: 1, limits: { maxSteps: 9 }, enabled: true }]);
  });

  test("has the line of an agent's command before the command is carried out, and no line of one for nobody", async () => {
    const agent = await anAgent({ id: "commanded-agent" });
    const listed = () => get(`/agents?userId=${admin.id}&pageSize=100`);
    const found = async () => (await listed()).content.find(({ name }) => name === "commanded-agent");
    await expect.poll(found).toMatchObject({ state: "idle" });
    const id = String((await found())?.["id"]);
    const lines = await db.$count(auditLog);
    await env.DB.prepare("CREATE TRIGGER log_is_full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'full'); END").run();
    try {
      expect((await ask("POST", `/agents/${id}/drain`)).status).toBe(500);
    } finally {
      await env.DB.prepare("DROP TRIGGER log_is_full").run();
    }
    expect((await ask("POST", `/agents/${id}x/drain`)).status).toBe(404);
    expect([await db.$count(auditLog), (await found())?.["state"]]).toEqual([lines, "idle"]);
    expect(agent.received.map(({ type }) => type)).toEqual(["welcome"]);
  });

  test("is paged, filtered, and never changed", async () => {
    await ask("PATCH", `/users/${user.id}`, { nickname: "renamed" });
    const all = await get("/audit?pageSize=100");
    expect(all.totalElements).toBe(await db.$count(auditLog));
    const ids = all.content.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    expect((await get(`/audit?target=user:${user.id}&action=user.update`)).content[0]).toMatchObject({
      adminName: admin.username,
      after: { nickname: "renamed" },
      requestId: expect.any(String),
    });
    expect((await get(`/audit?adminId=${user.id}`)).totalElements).toBe(0);
    expect((await ask("GET", "/audit?action=anything")).status).toBe(400);
    const tampering = [env.DB.prepare("UPDATE audit_log SET target = 'nobody'"), env.DB.prepare("DELETE FROM audit_log")];
    for (const statement of tampering) await expect(statement.run()).rejects.toThrow(/the audit log is never/);
  });

  test("has no line for what was refused: change and line stand in one batch", async () => {
    const { taskId } = await (async () => {
      const agent = await anAgent();
      agent.send({ type: "ready", freeSlots: 0 });
      return submit(user);
    })();
    const [hold] = await db.select().from(holds).where(eq(holds.taskId, taskId));
    const { available } = await balanceOf(user);
    const before = await db.$count(auditLog);
    const tooMuch = -(Number(available) + (hold?.amount ?? 0));
    expect((await ask("POST", `/users/${user.id}/adjust`, { amount: tooMuch, reason: "what is held is not free" })).status).toBe(402);
    expect(await db.$count(auditLog)).toBe(before);
  });
});
