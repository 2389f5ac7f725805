import { env } from "cloudflare:workers";
import type { TaskType } from "@star-graph/shared/task";
import { eq } from "drizzle-orm";
import { beforeAll, describe, expect, test } from "vitest";
import { app } from "../../src/app.ts";
import { hashApiKey } from "../../src/auth/api-key.ts";
import { createApiKeyStore } from "../../src/auth/api-key-store.ts";
import { authenticateBearer } from "../../src/auth/authenticate.ts";
import { md5Hex } from "../../src/auth/password.ts";
import { createLedger } from "../../src/billing/ledger.ts";
import { openDatabase } from "../../src/db/client.ts";
import { apiKeys, attempts, sessions, tasks, users } from "../../src/db/schema.ts";
import { callModerated } from "./refusing-classifier.ts";
import { openSession, tokenOf } from "./signed-in.ts";
import { aUser, balanceOf, call, dataOf, ORIGIN, type TestUser } from "./system-of-one.ts";
import { TINY_PNG } from "./test-agent.ts";

const db = openDatabase(env.DB);
const PROFILE = "/api/v1/users/profile";
const RECORDS = "/api/v1/users/fund-records";
const KEYS = "/api/v1/users/api-keys";
const SESSIONS = "/api/v1/users/sessions";
const DEFAULT_AVATAR = `${ORIGIN}/files/avatars/default.png`;
const TIME = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/);
const PNG_BASE64 = Buffer.from(TINY_PNG).toString("base64");

let user: TestUser;

beforeAll(async () => {
  user = await aUser();
});

const issuesOf = (answer: { body: Record<string, unknown> }) =>
  dataOf<{ issues: { path: string }[] }>(answer).issues.map(({ path }) => path);

describe("the profile", () => {
  const show = (token: string) => call("GET", PROFILE, { token });
  const update = (token: string, json: unknown) => call("PUT", PROFILE, { token, json });

  test("has the fields of spec 4.1, and no others", async () => {
    const who = await aUser({ credits: 30 });
    expect(await show(who.token)).toMatchObject({ status: 200, body: { code: 200, message: "success" } });
    expect(dataOf(await show(who.token))).toEqual({
      id: who.id,
      username: who.username,
      nickname: who.username,
      email: null,
      phone: null,
      avatar: DEFAULT_AVATAR,
      balance: 30,
      vipLevel: 0,
      vipExpireTime: null,
      createTime: TIME,
      updateTime: TIME,
    });
    await db
      .update(users)
      .set({ vipLevel: 1, vipExpireTime: Date.UTC(2024, 11, 31, 23, 59, 59) })
      .where(eq(users.id, who.id));
    expect(dataOf(await show(who.token))).toMatchObject({ vipLevel: 1, vipExpireTime: "2024-12-31T23:59:59" });
  });

  test("changes what is given, keeps the rest, and can be sent back as it was read", async () => {
    const who = await aUser();
    const given = { nickname: " 新昵称 ", email: "newemail@example.com", phone: "13900139000" };
    const changed = await update(who.token, given);
    expect(changed.status).toBe(200);
    expect(dataOf(changed)).toMatchObject({
      nickname: "新昵称",
      email: "newemail@example.com",
      phone: "13900139000",
      avatar: DEFAULT_AVATAR,
    });
    await update(who.token, { avatar: PNG_BASE64 });
    const { updateTime: _, ...whole } = dataOf(await show(who.token));
    expect(dataOf(await update(who.token, { ...whole, balance: 1_000_000, vipLevel: 9, role: "ADMIN", id: 1 }))).toMatchObject(whole);
    expect(dataOf(await update(who.token, { email: "", phone: null }))).toMatchObject({ email: null, phone: null, nickname: "新昵称" });
    expect(dataOf(await update(who.token, {}))).toMatchObject({ nickname: "新昵称" });
  });

  test.each([
    ["nickname", ["", "   ", "x".repeat(33), 5, null, {}]],
    ["email", ["nobody", "a@b", "x".repeat(250) + "@example.com", 5, ["a@example.com"]]],
    ["phone", ["12", "phone", "1".repeat(16), "139 0013", 13900139000]],
    ["avatar", ["not base64!", 5, {}, "http://", "http://127.0.0.1/a.png", "http://[::1]/a.png", `${ORIGIN}/files/results/a/b.png`]],
  ])("refuses a %s that is none, by name, and changes nothing", async (field, values) => {
    const before = dataOf(await show(user.token));
    for (const value of values) {
      const answer = await update(user.token, { nickname: "changed", [field]: value });
      expect([value, answer.status, issuesOf(answer)]).toEqual([value, 400, [field]]);
    }
    expect(dataOf(await show(user.token))).toEqual(before);
  });

  test("takes a picture, shows it to everybody under a new address, and forgets the one before", async () => {
    const who = await aUser();
    const first = String(dataOf(await update(who.token, { avatar: PNG_BASE64 }))["avatar"]);
    expect(first).toMatch(new RegExp(`^${ORIGIN}/files/avatars/[0-9a-f]{32}/avatar.png$`));
    const file = await call("GET", first.slice(ORIGIN.length));
    expect([file.status, file.headers.get("Content-Type"), file.bytes]).toEqual([200, "image/png", TINY_PNG]);
    expect(dataOf(await update(who.token, { avatar: first }))["avatar"]).toBe(first);
    const second = String(dataOf(await update(who.token, { avatar: `data:image/jpeg;base64,${PNG_BASE64}` }))["avatar"]);
    expect(second).not.toBe(first);
    expect((await call("GET", first.slice(ORIGIN.length))).status).toBe(404);
    expect(dataOf(await update(who.token, { avatar: null }))["avatar"]).toBe(DEFAULT_AVATAR);
    expect((await call("GET", second.slice(ORIGIN.length))).status).toBe(404);
    const standard = await call("GET", DEFAULT_AVATAR.slice(ORIGIN.length));
    expect([standard.status, standard.headers.get("Content-Type"), standard.bytes[1]]).toEqual([200, "image/png", 0x50]);
  });

  test("shows nobody a picture that the classifier refuses, and keeps the profile as it was", async () => {
    const who = await aUser();
    const before = dataOf(await show(who.token));
    const avatars = async () => (await env.FILES.list({ prefix: "avatars/" })).objects.length;
    const stored = await avatars();
    const answer = await callModerated("PUT", PROFILE, { token: who.token, body: { nickname: "changed", avatar: PNG_BASE64 } });
    expect(answer).toMatchObject({ status: 422, body: { code: "E006" } });
    expect(answer.asked).toEqual([{ texts: [], picture: { contentType: "image/png", base64: PNG_BASE64 } }]);
    expect(dataOf(await show(who.token))).toEqual(before);
    expect(await avatars()).toBe(stored);
  });

  test("shows a picture to its end and nothing that stands behind it", async () => {
    const who = await aUser();
    const withMore = Buffer.concat([TINY_PNG, Buffer.from("PK something else")]).toString("base64");
    const url = String(dataOf(await update(who.token, { avatar: withMore }))["avatar"]);
    expect((await call("GET", url.slice(ORIGIN.length))).bytes).toEqual(TINY_PNG);
  });

  test("judges a picture by its bytes", async () => {
    const gif = Buffer.from("GIF89a\u0001\u0000\u0001\u0000").toString("base64");
    const cut = Buffer.from(TINY_PNG.subarray(0, 40)).toString("base64");
    for (const avatar of [`data:image/png;base64,${gif}`, cut, Buffer.from("<svg/>").toString("base64")]) {
      const answer = await update(user.token, { avatar });
      expect([answer.status, answer.body["code"], issuesOf(answer)]).toEqual([415, "E004", ["avatar"]]);
    }
    const large = await update(user.token, { avatar: Buffer.alloc(10 * 1024 * 1024 + 3).toString("base64") });
    expect([large.status, large.body["code"]]).toEqual([413, "E005"]);
  });
});

describe("fund records", () => {
  const list = (who: { token: string }, query = "") => call("GET", `${RECORDS}${query}`, { token: who.token });

  /** A task on record that came to its end, without anybody who draws. */
  async function aTask(who: TestUser, type: TaskType, end: "COMPLETED" | "CANCELLED", at: number): Promise<string> {
    const id = `x_${crypto.randomUUID()}`;
    const row = { id, userId: who.id, type, model: "m", prompt: "p", parameters: {}, cost: 10, pool: "none", shard: 0, createTime: at };
    await createLedger(db).openTask({ ...row, status: "PENDING", attemptCount: 0 });
    if (end === "CANCELLED") await createLedger(db).settleTask(id, null, { status: "CANCELLED" }, at + 1);
    else {
      await db.insert(attempts).values({ id: `a-${id}`, taskId: id, number: 1, agentId: "a", agentName: "a", startTime: at });
      await db
        .update(tasks)
        .set({ status: "PROCESSING", attemptId: `a-${id}`, startTime: at })
        .where(eq(tasks.id, id));
      const done = { status: "COMPLETED" as const, results: [], servedBy: { engine: "e", model: "m" }, notes: [] };
      await createLedger(db).settleTask(id, `a-${id}`, done, at + 1);
    }
    return id;
  }

  test.each([
    ["TEXT2IMG", "文生图生成"],
    ["IMG2IMG", "图生图生成"],
    ["UPSCALE", "画质提升"],
    ["POSE", "姿势控制"],
    ["TEXT2VIDEO", "文生视频生成"],
    ["IMG2VIDEO", "图生视频生成"],
  ] as const)("of a %s task say %s, when it is frozen and when it is charged", async (type, reason) => {
    const who = await aUser({ credits: 50 });
    const taskId = await aTask(who, type, "COMPLETED", Date.now() + 1000);
    const { content } = dataOf<{ content: object[] }>(await list(who));
    expect(content).toEqual([
      { id: expect.any(Number), type: "DEDUCT", amount: -10, balance: 40, reason, taskId, createTime: TIME },
      { id: expect.any(Number), type: "FREEZE", amount: 0, balance: 50, frozen: 10, reason, taskId, createTime: TIME },
      { id: expect.any(Number), type: "RECHARGE", amount: 50, balance: 50, reason: "test", taskId: null, createTime: TIME },
    ]);
  });

  test("add up to the balance, page by page, by type, in both directions, and are nobody else's", async () => {
    const who = await aUser({ credits: 100 });
    const at = Date.now() + 1000;
    for (let i = 0; i < 3; i += 1) await aTask(who, "TEXT2IMG", i === 1 ? "CANCELLED" : "COMPLETED", at + 10 * i);
    await aTask(await aUser(), "TEXT2IMG", "COMPLETED", at);

    const page = (query: string) =>
      list(who, query).then((answer) =>
        dataOf<{ content: { id: number; type: string; amount: number; reason: string }[]; totalElements: number }>(answer),
      );
    const all = await page("?pageSize=100");
    expect(all).toMatchObject({ totalElements: 7, totalPages: 1, page: 1, pageSize: 100 });
    expect(all.content.map(({ type }) => type)).toEqual(["DEDUCT", "FREEZE", "UNFREEZE", "FREEZE", "DEDUCT", "FREEZE", "RECHARGE"]);
    expect(all.content.reduce((sum, { amount }) => sum + amount, 0)).toBe(80);
    expect(new Set(all.content.map(({ id }) => id)).size).toBe(7);
    expect((await balanceOf({ ...user, token: who.token }))["balance"]).toBe(80);

    const pages = await Promise.all([1, 2, 3, 4].map((number) => page(`?pageSize=2&page=${number}`)));
    expect(pages.flatMap(({ content }) => content)).toEqual(all.content);
    expect((await page("?order=asc&pageSize=100&sort=createTime")).content).toEqual(all.content.toReversed());
    const totals: [string, number][] = [
      ["DEDUCT", 2],
      ["FREEZE", 3],
      ["UNFREEZE", 1],
      ["RECHARGE", 1],
      ["EARN", 0],
    ];
    for (const [type, total] of totals) {
      const { content, totalElements } = await page(`?type=${type}`);
      expect([type, totalElements, content]).toEqual([type, total, all.content.filter((record) => record.type === type)]);
    }
    expect((await page("?type=UNFREEZE")).content).toMatchObject([{ amount: 0, frozen: -10, reason: "任务取消" }]);
  });

  test.each(["?type=NONE", "?type=deduct", "?sort=amount", "?order=up", "?page=0", "?page=1.5", "?pageSize=101", "?pageSize=x"])(
    "refuse %s by name",
    async (query) => {
      const answer = await list(user, query);
      expect([answer.status, issuesOf(answer)]).toEqual([400, [/\?(\w+)/.exec(query)?.[1]]]);
    },
  );
});

describe("registration", () => {
  const register = (json: unknown) => call("POST", "/api/v1/auth/register", { json });
  const aName = () => `new-${crypto.randomUUID().slice(0, 8)}`;

  test("opens an account with no credits, and signs in to it", async () => {
    const username = aName();
    const { status, body } = await register({
      username,
      password: md5Hex("a long secret"),
      nickname: "新用户",
      role: "ADMIN",
      balance: 99,
    });
    expect([status, body["message"]]).toEqual([200, "注册成功"]);
    expect(dataOf({ body })).toMatchObject({
      expiresIn: 86_400,
      user: { username, nickname: "新用户", avatar: DEFAULT_AVATAR, role: "USER" },
    });
    const token = String(body["token"]);
    expect(await call("GET", "/api/v1/users/balance", { token })).toMatchObject({ body: { data: { balance: 0, available: 0 } } });
    for (const password of ["a long secret", md5Hex("a long secret").toUpperCase()]) {
      expect((await call("POST", "/api/v1/auth/login", { json: { username, password } })).status).toBe(200);
    }
  });

  test("refuses a name that is taken, whatever its case, and one that is none", async () => {
    const username = aName();
    expect((await register({ username, password: "a long secret" })).status).toBe(200);
    const bad = [
      "ab",
      "1abc",
      "a b c",
      "<b>abc</b>",
      "x".repeat(33),
      "ａｂｃｄ",
      "abc\u0000",
      "abc\u202E",
      "\u0430dmin",
      "adm\u03B9n",
      "\u0430\u03B2\u0433",
      5,
      null,
      undefined,
    ];
    for (const name of [username, username.toUpperCase(), ...bad]) {
      const answer = await register({ username: name, password: "a long secret" });
      expect([name, answer.status, new Set(issuesOf(answer))]).toEqual([name, 400, new Set(["username"])]);
    }
    for (const password of ["short", "", "x".repeat(257), md5Hex(""), 5, undefined]) {
      const answer = await register({ username: aName(), password });
      expect([password, answer.status, new Set(issuesOf(answer))]).toEqual([password, 400, new Set(["password"])]);
    }
    for (const name of ["用户_九-1", "用户zhang", "\u0432\u0430\u0441\u044F-1", "J\u00F6rg"]) {
      expect([name, (await register({ username: name, password: "a long secret" })).status]).toEqual([name, 200]);
    }
  });

  test("is closed where the operator says so", async () => {
    const request = { method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": "en" } };
    const body = JSON.stringify({ username: aName(), password: "a long secret" });
    const answer = await app.request("/api/v1/auth/register", { ...request, body }, { ...env, REGISTRATION: "off" });
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 403, message: "Registration is closed" }]);
  });
});

describe("changing the password", () => {
  const change = (token: string, json: unknown) => call("PUT", "/api/v1/users/password", { token, json });

  test("ends every other session and keeps this one; from then on only the new one opens the account", async () => {
    const who = await aUser({ password: "the old secret" });
    const other = dataOf<{ token: string; refreshToken: string }>(await call("POST", "/api/v1/auth/login", { json: who }));
    const answer = await change(who.token, { oldPassword: md5Hex("the old secret"), newPassword: "the new secret" });
    expect([answer.status, answer.body["message"]]).toEqual([200, "密码已修改"]);
    expect((await call("GET", PROFILE, { token: who.token })).status).toBe(200);
    expect((await call("GET", PROFILE, { token: other.token })).status).toBe(401);
    expect((await call("POST", "/api/v1/auth/refresh", { token: other.refreshToken })).status).toBe(401);
    const login = (password: string) => call("POST", "/api/v1/auth/login", { json: { username: who.username, password } });
    expect([(await login("the old secret")).status, (await login("the new secret")).status]).toEqual([401, 200]);
  });

  test("wants the old one, and a new one that is one", async () => {
    const wrong = await change(user.token, { oldPassword: "not it", newPassword: "the new secret" });
    expect([wrong.status, issuesOf(wrong)]).toEqual([400, ["oldPassword"]]);
    for (const newPassword of ["short", md5Hex(""), 5, undefined]) {
      const answer = await change(user.token, { oldPassword: user.password, newPassword });
      expect([answer.status, new Set(issuesOf(answer))]).toEqual([400, new Set(["newPassword"])]);
    }
    expect((await call("POST", "/api/v1/auth/login", { json: user })).status).toBe(200);
  });

  test("may not be tried without end by who holds a session", async () => {
    const who = await aUser();
    const tries = [];
    for (let i = 0; i < 11; i += 1) tries.push((await change(who.token, { oldPassword: "not it", newPassword: "the new secret" })).status);
    expect(tries).toEqual([...Array.from({ length: 10 }, () => 400), 429]);
  });
});

describe("sessions", () => {
  test("are listed to their user, newest first, with the one that asks marked", async () => {
    const who = await aUser();
    const headers = { "CF-Connecting-IP": "2001:db8::7", "User-Agent": "x".repeat(300) };
    const { token } = dataOf<{ token: string }>(await call("POST", "/api/v1/auth/login", { json: who, headers }));
    const page = dataOf<{ content: object[] }>(await call("GET", SESSIONS, { token }));
    const times = { createTime: TIME, expireTime: TIME };
    expect(page).toMatchObject({ totalElements: 2, page: 1, pageSize: 20 });
    expect(page.content).toContainEqual({
      id: expect.any(String),
      current: true,
      ...times,
      address: "2001:db8:0:0::/64",
      userAgent: "x".repeat(256),
    });
    expect(page.content).toContainEqual({ id: who.sessionId, current: false, ...times, address: null, userAgent: null });
    expect((await call("GET", `${SESSIONS}?sort=address`, { token })).status).toBe(400);
  });

  test("end one by one, or all but the one that asks, with their tokens", async () => {
    const who = await aUser();
    const others = await Promise.all([1, 2, 3].map(() => openSession(who.id)));
    const tokens = await Promise.all(others.map((id) => tokenOf(who.id, id)));
    const works = async (token: string) => (await call("GET", PROFILE, { token })).status === 200;
    expect((await call("DELETE", `${SESSIONS}/${others[0]}`, { token: who.token })).status).toBe(200);
    expect(await Promise.all(tokens.map(works))).toEqual([false, true, true]);
    expect((await call("DELETE", `${SESSIONS}/${others[0]}`, { token: who.token })).status).toBe(404);
    expect(dataOf(await call("DELETE", SESSIONS, { token: who.token }))).toEqual({ ended: 2 });
    expect(await Promise.all([...tokens, who.token].map(works))).toEqual([false, false, false, true]);
    const stranger = await aUser();
    expect((await call("DELETE", `${SESSIONS}/${who.sessionId}`, { token: stranger.token })).status).toBe(404);
    expect(await works(who.token)).toBe(true);
  });
});

describe("an API key", () => {
  async function aKey(who: { token: string }, scopes?: string[]) {
    const answer = await call("POST", KEYS, { token: who.token, json: { name: "ci", ...(scopes && { scopes }) } });
    expect(answer.status).toBe(200);
    return dataOf<{ id: number; key: string; prefix: string; scopes: string[] }>(answer);
  }
  const rowOf = async (id: number) => (await db.select().from(apiKeys).where(eq(apiKeys.id, id)).get())!;

  test("is shown once, stored as its hash, listed by its first letters, and gone once revoked", async () => {
    const who = await aUser();
    const { id, key, prefix, scopes } = await aKey(who);
    expect(key).toMatch(/^sg_[A-Za-z0-9_-]{43}$/);
    expect([prefix, scopes]).toEqual([key.slice(0, 8), ["read", "generate"]]);
    const row = await rowOf(id);
    expect(row.hash).toBe(await hashApiKey(key));
    expect(JSON.stringify(row)).not.toContain(key);
    const listed = { id, name: "ci", prefix, scopes: ["read", "generate"], createTime: TIME, lastUsedTime: null };
    expect(dataOf(await call("GET", KEYS, { token: who.token }))).toEqual({ content: [listed] });
    expect((await call("GET", PROFILE, { token: key })).status).toBe(200);

    expect((await call("DELETE", `${KEYS}/${id}`, { token: (await aUser()).token })).status).toBe(404);
    expect((await call("DELETE", `${KEYS}/${id}`, { token: who.token })).status).toBe(200);
    expect((await call("DELETE", `${KEYS}/${id}`, { token: who.token })).status).toBe(404);
    expect((await call("GET", PROFILE, { token: key })).status).toBe(401);
    expect(await authenticateBearer(env, key, Date.now())).toEqual({ ok: false });
    expect(dataOf(await call("GET", KEYS, { token: who.token }))).toEqual({ content: [] });
  });

  test.each([
    [["read"], { read: 200, generate: 403, admin: 403 }],
    [["generate"], { read: 403, generate: 400, admin: 403 }],
    [["read", "generate"], { read: 200, generate: 400, admin: 403 }],
    [["admin"], { read: 403, generate: 403, admin: 200 }],
  ])("with the scopes %o may do that and nothing else", async (scopes, expected) => {
    const who = await aUser({ role: "ADMIN" });
    const { key } = await aKey(who, scopes);
    const read = await call("GET", "/api/v1/tasks", { token: key });
    // An empty body: who may submit is told what is missing.
    const generate = await call("POST", "/api/v1/generate/text2img", { token: key, json: {} });
    const admin = await call("GET", "/api/v1/admin/users", { token: key });
    expect({ read: read.status, generate: generate.status, admin: admin.status }).toEqual(expected);
    expect((await authenticateBearer(env, key, Date.now())).ok).toBe(scopes.includes("read"));
  });

  test("changes nothing that could make it stay, and is no refresh token", async () => {
    const { key } = await aKey(await aUser({ role: "ADMIN" }), ["read", "generate", "admin"]);
    const routes: [string, string][] = [
      ["DELETE", SESSIONS],
      ["DELETE", `${SESSIONS}/x`],
      ["PUT", "/api/v1/users/password"],
      ["POST", KEYS],
      ["DELETE", `${KEYS}/1`],
      ["POST", "/api/v1/auth/logout"],
    ];
    for (const [method, path] of routes) expect([path, (await call(method, path, { token: key })).status]).toEqual([path, 403]);
    expect((await call("POST", "/api/v1/auth/refresh", { token: key })).status).toBe(401);
    for (const token of [`${key}x`, "sg_", "sg_nonsense"]) expect((await call("GET", PROFILE, { token })).status).toBe(401);
  });

  test("for the admin routes is made by administrators only, and names and scopes are checked", async () => {
    const who = await aUser();
    expect((await call("POST", KEYS, { token: who.token, json: { name: "x", scopes: ["admin"] } })).status).toBe(403);
    for (const json of [{}, { name: "" }, { name: "x".repeat(65) }, { name: "x", scopes: [] }, { name: "x", scopes: ["all"] }]) {
      expect((await call("POST", KEYS, { token: who.token, json })).status).toBe(400);
    }
    expect((await call("DELETE", `${KEYS}/abc`, { token: who.token })).status).toBe(400);
  });

  test("remembers its last use, and writes it at most once a minute", async () => {
    const { id, key } = await aKey(await aUser());
    const use = async (at: number) => {
      await authenticateBearer(env, key, at);
      return (await rowOf(id)).lastUsedTime;
    };
    const start = Date.UTC(2026, 0, 1);
    expect([await use(start), await use(start + 59_999), await use(start + 60_000)]).toEqual([start, start, start + 60_000]);
    await createApiKeyStore(db).touchApiKey(id, start + 60_001, start + 1);
    expect((await rowOf(id)).lastUsedTime).toBe(start + 60_000);
  });
});

test("a password stored with fewer iterations is hashed anew at the next login", async () => {
  const who = await aUser();
  const salt = new Uint8Array(16);
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(md5Hex("secret-word")), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 1000 }, key, 256);
  const old = ["pbkdf2-sha256", 1000, Buffer.from(salt).toString("base64"), Buffer.from(bits).toString("base64")].join("$");
  await db.update(users).set({ password: old }).where(eq(users.id, who.id));
  const login = (password: string) => call("POST", "/api/v1/auth/login", { json: { username: who.username, password } });
  const stored = async () => (await db.select().from(users).where(eq(users.id, who.id)).get())?.password;
  expect([(await login("wrong")).status, await stored()]).toEqual([401, old]);
  expect((await login("secret-word")).status).toBe(200);
  expect(await stored()).toMatch(/^pbkdf2-sha256\$100000\$/);
  expect((await login(md5Hex("secret-word"))).status).toBe(200);
});

test("a disabled user's tokens, keys and sockets are worth nothing from that moment", async () => {
  const who = await aUser();
  const { key } = dataOf<{ key: string }>(await call("POST", KEYS, { token: who.token, json: { name: "k" } }));
  await db.update(users).set({ disabled: true }).where(eq(users.id, who.id));
  for (const token of [who.token, key]) {
    expect((await call("GET", PROFILE, { token })).status).toBe(401);
    expect(await authenticateBearer(env, token, Date.now())).toEqual({ ok: false });
  }
  expect((await call("POST", "/api/v1/auth/refresh", { token: who.refreshToken })).status).toBe(401);
  expect(await db.select().from(sessions).where(eq(sessions.userId, who.id))).toHaveLength(1);
});
