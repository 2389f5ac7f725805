import { SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SAMPLERS, SCHEDULERS } from "@star-graph/shared/rest/generate";
import { eq } from "drizzle-orm";
import { sign } from "hono/jwt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { md5Hex } from "../../src/auth/password.ts";
import { issueToken } from "../../src/auth/token.ts";
import { openDatabase } from "../../src/db/client.ts";
import { holds, tasks, users } from "../../src/db/schema.ts";
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
  TEXT2IMG_MODEL,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
const LOGIN = "/api/v1/auth/login";
const TEXT2IMG = "/api/v1/generate/text2img";
const DEFAULT_AVATAR = `${ORIGIN}/files/avatars/default.png`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let user: TestUser;
/** Able to do everything, and asked for nothing: what is submitted waits. */
let agent: TestAgent;

beforeAll(async () => {
  user = await aUser();
  agent = await TestAgent.ready(await anAgentKey(user.id));
  agent.send({ type: "ready", freeSlots: 0 });
});

afterAll(async () => {
  agent.leave();
  await untilAgents(0);
});

const login = (username: string, password: string) => call("POST", LOGIN, { json: { username, password } });
const storedTasksOf = (who: TestUser) => db.select().from(tasks).where(eq(tasks.userId, who.id));
const asJson = { "Content-Type": "application/json" };

describe("login", () => {
  test("takes the password plain and as MD5 in either case, and answers as spec 2.1 and 10.1 read it", async () => {
    const { username, password } = await aUser({ password: "密码 with a space" });
    for (const given of [password, md5Hex(password), md5Hex(password).toUpperCase()]) {
      const { status, body } = await login(username, given);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        code: 200,
        message: "登录成功",
        data: { expiresIn: 86_400, user: { id: expect.any(Number), username, nickname: username, avatar: DEFAULT_AVATAR, role: "USER" } },
      });
      const data = dataOf<{ token: string; refreshToken: string }>({ body });
      expect(body).toMatchObject({ token: data.token, refreshToken: data.refreshToken, expiresIn: 86_400 });
      expect((await call("GET", "/api/v1/users/balance", { token: data.token })).status).toBe(200);
    }
  });

  test("takes a password that happens to look like an MD5", async () => {
    const password = "0123456789ABCDEF0123456789abcdef";
    const { username } = await aUser({ password });
    expect((await login(username, password)).status).toBe(200);
    expect((await login(username, md5Hex(password))).status).toBe(200);
    expect((await login(username, password.toLowerCase())).status).toBe(401);
  });

  test("says the same to a wrong password, an unknown user and a disabled account", async () => {
    const disabled = await aUser();
    await db.update(users).set({ disabled: true }).where(eq(users.id, disabled.id));
    const refused = [
      await login(user.username, "wrong"),
      await login(user.username, md5Hex("wrong")),
      await login(user.username, md5Hex(md5Hex(user.password))),
      await login("nobody-at-all", user.password),
      await login(disabled.username, disabled.password),
      await login("' OR 1=1 --", "' OR 1=1 --"),
      await login(`${user.username}\u0000`, user.password),
    ];
    for (const { status, body } of refused) {
      expect([status, body]).toEqual([
        401,
        { code: 401, message: "用户名或密码错误", timestamp: expect.any(Number), requestId: expect.stringMatching(UUID) },
      ]);
    }
  });

  test("without its fields is 400 and names them", async () => {
    const wrong: [unknown, string[]][] = [
      [{}, ["username", "password"]],
      [{ username: "", password: "x" }, ["username"]],
      [{ username: "x".repeat(65), password: "x" }, ["username"]],
      [{ username: { $ne: 1 }, password: ["x"] }, ["username", "password"]],
      [[], [""]],
      ["text", [""]],
      [null, [""]],
    ];
    for (const [json, paths] of wrong) {
      const { status, body } = await call("POST", LOGIN, { json });
      const { issues } = dataOf<{ issues: { path: string }[] }>({ body });
      expect([status, body["code"], issues.map(({ path }) => path)], `body ${JSON.stringify(json)}`).toEqual([400, 400, paths]);
    }
  });
});

describe("a session", () => {
  const refresh = (token: string) => call("POST", "/api/v1/auth/refresh", { token });
  const balance = (token: string) => call("GET", "/api/v1/users/balance", { token });
  const logout = (token: string) => call("POST", "/api/v1/auth/logout", { token });

  test("is gone on with by its refresh token and nothing else", async () => {
    const { status, body } = await refresh(user.refreshToken);
    expect([status, body["message"]]).toEqual([200, "Token刷新成功"]);
    const { token } = dataOf<{ token: string }>({ body });
    expect(body).toMatchObject({ token, expiresIn: 86_400, data: { expiresIn: 86_400 } });
    expect((await balance(token)).status).toBe(200);
    expect((await refresh(user.token)).status).toBe(401);
    expect((await refresh(token)).status).toBe(401);
    expect((await balance(user.refreshToken)).status).toBe(401);
    expect((await logout(user.refreshToken)).status).toBe(401);
  });

  test("ends with a logout for all its tokens, and only it", async () => {
    const { body } = await login(user.username, user.password);
    const mine = dataOf<{ token: string; refreshToken: string }>({ body });
    const { token: refreshed } = dataOf<{ token: string }>(await refresh(mine.refreshToken));
    expect(await logout(mine.token)).toMatchObject({ status: 200, body: { code: 200, message: "登出成功" } });
    for (const token of [mine.token, refreshed]) expect((await balance(token)).status).toBe(401);
    expect((await refresh(mine.refreshToken)).status).toBe(401);
    expect((await logout(mine.token)).status).toBe(401);
    expect((await balance(user.token)).status).toBe(200);
    expect((await refresh(user.refreshToken)).status).toBe(200);
  });
});

describe("every route that wants a user", () => {
  const routes: [string, string][] = [
    ["GET", "/api/v1/users/balance"],
    ["GET", "/api/v1/tasks"],
    ["GET", "/api/v1/tasks/t2i_1"],
    ["DELETE", "/api/v1/tasks/t2i_1"],
    ["POST", TEXT2IMG],
    ["POST", "/api/v1/auth/logout"],
    ["POST", "/api/v1/auth/refresh"],
  ];

  /** Tokens that no route takes. */
  async function badTokens(): Promise<Record<string, string>> {
    const claims = JSON.parse(Buffer.from(user.token.split(".")[1]!, "base64url").toString()) as { sub: string; sid: string };
    const payload = { ...claims, use: "access", exp: Math.floor(Date.now() / 1000) + 600 };
    const [, body] = user.token.split(".");
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${body}.`;
    const ids = { userId: user.id, sessionId: claims.sid, use: "access" as const };
    return {
      "of a day ago": await issueToken(env.TOKEN_SECRET, ids, Date.now() - 86_400_000),
      "of no session": await issueToken(env.TOKEN_SECRET, { ...ids, sessionId: "no-such-session" }, Date.now()),
      "of somebody else's session": await issueToken(env.TOKEN_SECRET, { ...ids, userId: user.id + 1 }, Date.now()),
      "of another secret": await sign(payload, "another-secret-0123456789abcdef0123456789", "HS256"),
      "of another algorithm": await sign(payload, env.TOKEN_SECRET, "HS512"),
      "of no algorithm": none,
      "of no use": await sign({ ...payload, use: undefined }, env.TOKEN_SECRET, "HS256"),
      "that is none": "nonsense",
    };
  }

  test.each(routes)("%s %s refuses who shows none or a bad one", async (method, path) => {
    const refused = { status: 401, body: { code: 401, message: "未授权", requestId: expect.any(String), timestamp: expect.any(Number) } };
    expect(await call(method, path)).toMatchObject(refused);
    for (const Authorization of ["", "Bearer", user.token, `Basic ${user.token}`, `Bearer ${user.token} x`]) {
      expect(await call(method, path, { headers: { Authorization } }), `Authorization: ${Authorization}`).toMatchObject(refused);
    }
    for (const [title, token] of Object.entries(await badTokens()))
      expect(await call(method, path, { token }), `a token ${title}`).toMatchObject(refused);
  });
});

describe("an answer", () => {
  test.each(["abc", "A-1._z", "x".repeat(128), crypto.randomUUID()])("repeats the request id %s", async (id) => {
    for (const path of ["/health", "/nothing", "/api/v1/tasks", "/files/results/a/b"]) {
      const { headers, body } = await call("GET", path, { headers: { "X-Request-ID": id } });
      expect([headers.get("X-Request-ID"), body["requestId"]]).toEqual([id, id]);
    }
  });

  test.each(["", "x".repeat(129), "a b", "a/b", "<script>", "é", "a,b"])("replaces the request id '%s' by a fresh one", async (id) => {
    const { headers, body } = await call("GET", "/health", { headers: { "X-Request-ID": id } });
    expect(body["requestId"]).toMatch(UUID);
    expect(headers.get("X-Request-ID")).toBe(body["requestId"]);
  });

  test.each([
    [null, "资源不存在"],
    ["zh-CN", "资源不存在"],
    ["fr", "资源不存在"],
    ["fr, zh;q=0.5, en;q=0.4", "资源不存在"],
    ["en", "Not found"],
    ["en-US,en;q=0.9,zh;q=0.8", "Not found"],
    ["zh;q=0.1, en;q=0.2", "Not found"],
    [";;;q=,,", "资源不存在"],
  ])("for Accept-Language %s says %s", async (language, message) => {
    const { body } = await call("GET", "/nothing", { headers: language === null ? {} : { "Accept-Language": language } });
    expect(body["message"]).toBe(message);
  });

  test("is the envelope with 404 for every route and method that there is not", async () => {
    const wrong: [string, string][] = [
      ["GET", "/nothing"],
      ["GET", "/api/v1/nothing"],
      ["GET", "/api/v2/tasks"],
      ["GET", "/API/v1/tasks"],
      ["GET", LOGIN],
      ["PUT", LOGIN],
      ["PATCH", "/api/v1/tasks/t2i_1"],
      ["POST", "/api/v1/tasks"],
      ["GET", "/api/v1/tasks/a/b/c"],
      ["DELETE", "/health"],
      ["GET", "/%2e%2e/%2e%2e/etc/passwd"],
      ["GET", "/api/v1/tasks/%E0%A4%A"],
      ["GET", `/api/v1/tasks/${encodeURIComponent("' OR 1=1 --")}`],
    ];
    for (const [method, path] of wrong) {
      const { status, headers, body } = await call(method, path, { token: user.token });
      expect([method, path, status, body]).toEqual([
        method,
        path,
        404,
        { code: 404, message: "资源不存在", timestamp: expect.any(Number), requestId: expect.any(String) },
      ]);
      expect(headers.get("Content-Type")).toMatch(/^application\/json/);
    }
  });

  test("to a body that is no JSON, says it is not, or is none is the envelope with 400", async () => {
    const wrong: [string | undefined, Record<string, string>, RegExp][] = [
      ["{", asJson, /JSON/],
      ["{'prompt':'a'}", asJson, /JSON/],
      ["\u0000", asJson, /JSON/],
      ["[".repeat(200_000), asJson, /JSON/],
      ["", asJson, /JSON|prompt/],
      [undefined, asJson, /JSON|prompt/],
      [undefined, {}, /prompt/],
      ['{"prompt":"a"}', { "Content-Type": "text/plain" }, /application\/json/],
      ["prompt=a", { "Content-Type": "application/x-www-form-urlencoded" }, /application\/json/],
      ['{"prompt":"a"}', { "Content-Type": "text/json" }, /application\/json/],
      ['{"prompt":"a"}', { "Content-Type": "application/jsonx" }, /application\/json/],
    ];
    for (const [body, headers, why] of wrong) {
      const answer = await call("POST", TEXT2IMG, { token: user.token, headers, ...(body !== undefined && { body }) });
      expect([body?.slice(0, 20), answer.status, answer.body]).toMatchObject([
        body?.slice(0, 20),
        400,
        { code: 400, message: expect.stringMatching(why), requestId: expect.any(String) },
      ]);
    }
    expect(await storedTasksOf(user)).toEqual([]);
  });

  test("to a body of several megabytes is 413 and E005, with its length told or not", async () => {
    const text = JSON.stringify({ prompt: "a cat", x: "x".repeat(5_000_000) });
    const told = await call("POST", TEXT2IMG, { token: user.token, headers: asJson, body: text });
    expect(told).toMatchObject({ status: 413, body: { code: "E005", message: "请求体超过 1 MB" } });
    const streamed = await SELF.fetch(`${ORIGIN}${TEXT2IMG}`, {
      method: "POST",
      headers: { ...asJson, Authorization: `Bearer ${user.token}`, "Accept-Language": "en" },
      body: new Blob([text]).stream().pipeThrough(new TransformStream()),
    });
    expect([streamed.status, await streamed.json()]).toMatchObject([413, { code: "E005", message: "The body is larger than 1 MB" }]);
    expect(await storedTasksOf(user)).toEqual([]);
  });
});

describe("text2img", () => {
  const deep = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const notText = [5, null, true, [], {}, ["a cat"], deep(1000)];
  const notNumber = ["512", null, true, [], {}, [512], "", "NaN"];
  const side = [0, -512, 56, 63, 65, 100, 2049, 2056, 512.5, 1e21, ...notNumber];
  const name = ["", "Euler", " euler", "euler\u0000", "еuler", "__proto__", "constructor", "toString", "\u202E\uD800💥", ...notText];
  const wrong: Record<string, unknown[]> = {
    prompt: [undefined, "", "   \n\t\u3000", "x".repeat(4001), ...notText],
    negativePrompt: ["x".repeat(4001), ...notText],
    modelName: ["", "x".repeat(129), "none", TEXT2IMG_MODEL.toUpperCase(), "RealESRGAN", ...name.slice(1)],
    width: side,
    height: side,
    steps: [0, -1, 151, 1.5, 1e9, ...notNumber],
    cfgScale: [-0.1, 30.1, 1e308, ...notNumber],
    seed: [-2, 0.5, 2 ** 53, -(2 ** 53), ...notNumber],
    sampler: name,
    scheduler: ["", "Karras", ...name],
    denoise: [-0.01, 1.01, ...notNumber],
    batchSize: [0, -1, 9, 1.5, ...notNumber],
    clientId: ["", "x".repeat(129), ...notText],
  };

  test.each(Object.keys(wrong))("refuses a %s that is none, by name, and keeps and freezes nothing", async (field) => {
    const before = await balanceOf(user);
    for (const value of wrong[field]!) {
      const json = { prompt: "a cat", [field]: value };
      const { status, body } = await call("POST", TEXT2IMG, { token: user.token, json, headers: { "Accept-Language": "en" } });
      const shown = JSON.stringify(value)?.slice(0, 40);
      expect([shown, status, body["code"]]).toEqual([shown, 400, 400]);
      expect(body["message"], `${field} ${shown}`).toMatch(new RegExp(`\\b${field}: .`));
      const paths = dataOf<{ issues: { path: string; message: string }[] }>({ body }).issues.map(({ path }) => path);
      expect(new Set(paths), `${field} ${shown}`).toEqual(new Set([field]));
    }
    expect(await storedTasksOf(user)).toEqual([]);
    expect(await db.select().from(holds).where(eq(holds.userId, user.id))).toEqual([]);
    expect(await balanceOf(user)).toEqual(before);
  });

  test("names the first offending field and lists them all", async () => {
    const json = { prompt: "", width: 7, steps: "many", sampler: "none" };
    const { body } = await call("POST", TEXT2IMG, { token: user.token, json });
    expect(body["message"]).toMatch(/^请求参数错误：prompt: ./);
    const paths = dataOf<{ issues: { path: string }[] }>({ body }).issues.map(({ path }) => path);
    expect([...new Set(paths)]).toEqual(["prompt", "width", "steps", "sampler"]);
  });

  test("takes every parameter at its edges", async () => {
    const rich = await aUser({ credits: 1_000_000 });
    const edges = [
      { width: 64, height: 64, steps: 1, cfgScale: 0, seed: 0, denoise: 0, batchSize: 1, clientId: "c" },
      {
        prompt: "x".repeat(4000),
        negativePrompt: "y".repeat(4000),
        width: 2048,
        height: 2048,
        steps: 150,
        cfgScale: 30,
        seed: Number.MAX_SAFE_INTEGER,
        sampler: SAMPLERS.at(-1),
        scheduler: SCHEDULERS.at(-1),
        denoise: 1,
        batchSize: 8,
        clientId: "c".repeat(128),
      },
    ];
    for (const json of edges) {
      const { taskId } = await submit(rich, { prompt: "a cat", ...json });
      const { prompt = "a cat", negativePrompt = "", clientId, ...parameters } = json as Record<string, unknown>;
      expect(await detailOf(rich, taskId)).toMatchObject({ prompt, negativePrompt, clientId, parameters });
    }
    await cancelAll();
  });

  test("ignores what it does not know, even what looks like more than a field", async () => {
    const json = `{"prompt":"a cat","cost":0,"userId":1,"status":"COMPLETED","id":"mine","pool":"owner-1","balance":1e9,
      "__proto__":{"steps":1,"batchSize":8},"constructor":{"prototype":{"steps":1}},"deep":${"[".repeat(5000)}${"]".repeat(5000)}}`;
    const answer = await call("POST", TEXT2IMG, { token: user.token, headers: asJson, body: json });
    expect(answer).toMatchObject({ status: 200, body: { cost: 10 } });
    const { taskId } = dataOf<{ taskId: string }>(answer);
    expect(taskId).toMatch(/^t2i_/);
    const [row] = await db.select().from(tasks).where(eq(tasks.id, taskId));
    expect(row).toMatchObject({ userId: user.id, status: "PENDING", pool: "public", cost: 10 });
    expect(Object.keys(row?.parameters ?? {}).toSorted()).toEqual(
      // Nothing but what spec 5.1 names.
      [
        "batchSize",
        "cfgScale",
        "denoise",
        "height",
        "modelName",
        "negativePrompt",
        "prompt",
        "sampler",
        "scheduler",
        "seed",
        "steps",
        "width",
      ],
    );
    expect(row!.parameters).toMatchObject({ steps: 30, batchSize: 1 });
    await cancelAll();
  });

  test("gives a prompt back as it was sent, whatever is in it", async () => {
    const prompts = [
      "一只可爱的猫咪在花园里玩耍",
      "👩‍👩‍👧‍👦 e\u0301 \u202Egnp.tac\u202C \u200B\uFEFF!",
      `'"; DROP TABLE tasks; -- \\ %s ${"${x}"} <script>alert(1)</script>`,
      "\u0001\u0007\u001B[31m\u0085\u2028\u2029!",
      "before\u0000after",
    ];
    for (const prompt of prompts) {
      const { taskId } = await submit(user, { prompt, negativePrompt: prompt, clientId: prompt });
      expect(await detailOf(user, taskId)).toMatchObject({ prompt, negativePrompt: prompt, clientId: prompt });
      await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    }
  });

  test("replaces half a character, which no text can carry", async () => {
    const { taskId } = await submit(user, { prompt: "half a pair: \uD83D!" });
    expect((await detailOf(user, taskId))["prompt"]).toMatch(/^half a pair: \uFFFD+!$/);
    await cancelAll();
  });

  test("draws a seed for -1, each time another, and keeps one that was given", async () => {
    const seedOf = async (json: Record<string, unknown>) => {
      const { taskId } = await submit(user, { prompt: "a cat", ...json });
      return (await detailOf(user, taskId))["parameters"] as { seed: number };
    };
    const [first, second, given] = [await seedOf({}), await seedOf({ seed: -1 }), await seedOf({ seed: 42 })];
    for (const { seed } of [first, second]) expect(seed).toBeGreaterThanOrEqual(0);
    expect(first.seed).not.toBe(second.seed);
    expect(given.seed).toBe(42);
    await cancelAll();
  });
});

describe("the task list", () => {
  let owner: TestUser;
  /** In order of submission; the second and third are cancelled. */
  const ids: string[] = [];
  const costs = [10, 3, 20, 3, 40];

  beforeAll(async () => {
    owner = await aUser();
    const sizes = [{}, { width: 512, height: 512 }, { batchSize: 2 }, { width: 512, height: 512 }, { steps: 120 }];
    for (const json of sizes) ids.push((await submit(owner, { prompt: `number ${ids.length}`, ...json })).taskId);
    for (const id of [ids[2]!, ids[1]!]) await call("DELETE", `/api/v1/tasks/${id}`, { token: owner.token });
    await submit(user);
  });

  const list = async (query: string, who = owner) => {
    const answer = await call("GET", `/api/v1/tasks${query}`, { token: who.token });
    expect(answer.status, `query ${query}`).toBe(200);
    return dataOf<{
      content: { id: string; cost: number; status: string }[];
      totalElements: number;
      totalPages: number;
      page: number;
      pageSize: number;
    }>(answer);
  };
  const idsOf = async (query: string) => (await list(query)).content.map(({ id }) => id);

  test("shows one's own, newest first, as spec 7.1 writes them", async () => {
    const { content, ...page } = await list("");
    expect(page).toEqual({ totalElements: 5, totalPages: 1, page: 1, pageSize: 20 });
    expect(content.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(content[4]).toEqual({
      id: ids[0],
      type: "TEXT2IMG",
      status: "PENDING",
      progress: 0,
      prompt: "number 0",
      results: [],
      cost: 10,
      createTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      completeTime: null,
    });
    expect(content[3]).toMatchObject({ status: "CANCELLED", completeTime: expect.any(String) });
  });

  test("is cut into pages that neither overlap nor leave out, also among equals", async () => {
    for (const query of ["", "&sort=cost", "&sort=cost&order=asc", "&sort=completeTime"]) {
      const whole = await idsOf(`?pageSize=100${query}`);
      const pages = [await list(`?pageSize=2${query}`), await list(`?page=2&pageSize=2${query}`), await list(`?page=3&pageSize=2${query}`)];
      expect(pages.flatMap(({ content }) => content.map(({ id }) => id))).toEqual(whole);
      expect(pages[2]).toMatchObject({ totalElements: 5, totalPages: 3, page: 3, pageSize: 2 });
    }
    expect(await list("?page=4&pageSize=2")).toMatchObject({ content: [], totalElements: 5, totalPages: 3, page: 4 });
    expect(await list("?page=1000000&pageSize=100")).toMatchObject({ content: [], totalElements: 5 });
  });

  test("is sorted by what is documented, either way", async () => {
    const ascending = costs.toSorted((a, b) => a - b);
    expect((await list("?sort=cost&order=asc")).content.map(({ cost }) => cost)).toEqual(ascending);
    expect((await list("?sort=cost")).content.map(({ cost }) => cost)).toEqual(ascending.toReversed());
    expect(await idsOf("?order=asc")).toEqual(ids);
  });

  test("is filtered by status and type, and counted so", async () => {
    expect(await list("?status=PENDING")).toMatchObject({ totalElements: 3, content: [{ id: ids[4] }, { id: ids[3] }, { id: ids[0] }] });
    expect(await list("?status=CANCELLED&pageSize=1")).toMatchObject({ totalElements: 2, totalPages: 2, content: [{ id: ids[2] }] });
    expect(await list("?type=TEXT2IMG&status=COMPLETED")).toMatchObject({ totalElements: 0, totalPages: 0, content: [] });
    expect(await list("?type=IMG2VIDEO")).toMatchObject({ totalElements: 0, content: [] });
    expect(await list("?type=TEXT2IMG&unknown=1")).toMatchObject({ totalElements: 5 });
  });

  test.each([
    ["page", ["0", "-1", "1.5", "x", "", "1000001", "1e999"]],
    ["pageSize", ["0", "101", "-1", "2.5", "all", ""]],
    ["sort", ["prompt", "password", "createTime;DROP", "", "__proto__"]],
    ["order", ["up", "ASC", ""]],
    ["status", ["DONE", "pending", ""]],
    ["type", ["TEXT", "text2img", ""]],
  ])("refuses a %s that is none", async (field, values) => {
    for (const value of values) {
      const answer = await call("GET", `/api/v1/tasks?${field}=${encodeURIComponent(value)}`, { token: owner.token });
      expect(answer, `${field}=${value}`).toMatchObject({ status: 400, body: { code: 400, data: { issues: [{ path: field }] } } });
    }
    const twice = await call("GET", `/api/v1/tasks?${field}=1&${field}=2`, { token: owner.token });
    expect(twice.status).toBe(400);
  });

  test("and a task's detail and cancel are its owner's alone: for others there is no such task", async () => {
    for (const method of ["GET", "DELETE"]) {
      const theirs = await call(method, `/api/v1/tasks/${ids[0]}`, { token: user.token });
      const nobodys = await call(method, "/api/v1/tasks/t2i_20260101_000000000000", { token: user.token });
      for (const answer of [theirs, nobodys]) expect(answer).toMatchObject({ status: 404, body: { code: 404, message: "资源不存在" } });
    }
    expect(await detailOf(owner, ids[0]!)).toMatchObject({ status: "PENDING" });
    expect((await list("?pageSize=100", user)).content.filter(({ id }) => ids.includes(id))).toEqual([]);
  });

  test("and the detail agree on what an agent does", async () => {
    await cancelAll();
    agent.send({ type: "ready", freeSlots: 1 });
    const { taskId } = await submit(owner, { prompt: "seen from both sides" });
    const offer = await agent.acceptOffer();
    agent.send({ type: "ready", freeSlots: 0 });
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 10, totalSteps: 30 });
    await untilStatus(owner, taskId, "PROCESSING");
    await expect.poll(async () => (await list("?pageSize=1")).content[0]).toMatchObject({ id: taskId, status: "PROCESSING", progress: 33 });
    expect(await detailOf(owner, taskId)).toMatchObject({ progress: 33, phase: "sampling", currentStep: 10, totalSteps: 30 });
    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    await untilStatus(owner, taskId, "COMPLETED");
    const [item] = (await list("?status=COMPLETED")).content as unknown as { results: string[] }[];
    const [file] = (await detailOf(owner, taskId))["results"] as { url: string }[];
    expect(item).toMatchObject({ progress: 100, results: [file!.url] });
  });
});

describe("the queue", () => {
  test("takes 100 tasks of one user and no more, and others still get in", async () => {
    await cancelAll();
    const busy = await aUser();
    const json = { prompt: "a cat", width: 64, height: 64, steps: 1 };
    for (let wave = 0; wave < 5; wave++) await Promise.all(Array.from({ length: 20 }, () => submit(busy, json)));
    const full = await call("POST", TEXT2IMG, { token: busy.token, json });
    expect(full).toMatchObject({ status: 503, body: { code: "E003", message: "任务队列已满" } });
    expect(full.headers.get("Retry-After")).toBe("10");
    expect(await balanceOf(busy)).toMatchObject({ balance: 1000, freezed: 100 });
    expect(await storedTasksOf(busy)).toHaveLength(100);
    await submit(await aUser());

    const [row] = await storedTasksOf(busy);
    await call("DELETE", `/api/v1/tasks/${row!.id}`, { token: busy.token });
    await submit(busy, json);
  });
});
