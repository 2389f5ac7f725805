import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { RATE_LIMITS } from "@star-graph/shared/defaults";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { app } from "../../src/app.ts";
import { dropOutdatedAccess } from "../../src/auth/drop-outdated.ts";
import { createThrottleStore } from "../../src/auth/throttle-store.ts";
import { openDatabase } from "../../src/db/client.ts";
import { throttles } from "../../src/db/schema.ts";
import { createDeps } from "../../src/deps.ts";
import { ownerPool, PUBLIC_POOL } from "../../src/dispatch/shards/pools.ts";
import { StompSocket } from "./stomp-socket.ts";
import { anAgentKey, aUser, call, cancelAll, dataOf, dispatcherOf, untilAgents } from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
const PROFILE = "/api/v1/users/profile";
const TEXT2IMG = "/api/v1/generate/text2img";
const submit = (token: string) => call("POST", TEXT2IMG, { token, json: { prompt: "a cat", width: 64, height: 64, steps: 1 } });

describe("login", () => {
  const login = (username: string, password: string, address: string) =>
    call("POST", "/api/v1/auth/login", { json: { username, password }, headers: { "CF-Connecting-IP": address } });

  test("is refused after ten failures, also with the right password; its owner signs in from elsewhere meanwhile", async () => {
    const { username, password } = await aUser();
    const stranger = "203.0.113.66";
    for (let i = 0; i < 10; i += 1) expect((await login(username, "wrong", stranger)).status).toBe(401);
    const refused = await login(username, password, stranger);
    expect([refused.status, refused.body["code"]]).toEqual([429, 429]);
    const wait = Number(refused.headers.get("Retry-After"));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    for (const address of ["198.51.100.1", "2001:db8::1"]) expect((await login(username, password, address)).status).toBe(200);
  });

  test("on a device that its owner has signed in on before is not kept out by strangers at the same address", async () => {
    const { username, password } = await aUser();
    const office = "203.0.113.67";
    const first = await login(username, password, office);
    const cookie = first.headers.get("Set-Cookie") ?? "";
    expect(cookie).toMatch(/^sg_device=[^;]+; Max-Age=34560000; Path=\/api\/v1\/auth; HttpOnly; SameSite=Strict$/);
    for (let i = 0; i < 10; i += 1) expect((await login(username, "wrong", office)).status).toBe(401);
    expect((await login(username, password, office)).status).toBe(429);
    const onIt = (word: string, shown = cookie.split(";")[0] ?? "", who = username) =>
      call("POST", "/api/v1/auth/login", {
        json: { username: who, password: word },
        headers: { "CF-Connecting-IP": office, Cookie: shown },
      });
    const again = await onIt(password);
    expect([again.status, dataOf<{ user: { username: string } }>(again).user.username]).toEqual([200, username]);
    expect((await onIt(password, "sg_device=eyJhbGciOiJIUzI1NiJ9.e30.forged")).status).toBe(429);
    // Another account's device is no device of this one.
    const other = await aUser();
    for (let i = 0; i < 10; i += 1) await login(other.username, "wrong", office);
    expect((await onIt(other.password, undefined, other.username)).status).toBe(429);
    // And who guesses on the device itself is bounded like everybody.
    for (let i = 0; i < 10; i += 1) expect((await onIt("wrong")).status).toBe(401);
    expect((await onIt(password)).status).toBe(429);
  });

  test("that succeeds uses nothing up", async () => {
    const { username, password } = await aUser();
    for (let i = 0; i < 12; i += 1) expect((await login(username, password, "203.0.113.7")).status).toBe(200);
  });

  test("is refused to nobody for what was refused before: a try that was not let in takes from no bucket", async () => {
    const store = createThrottleStore(db);
    const [full, empty] = [
      { key: "full", rate: { capacity: 5, refillMs: 1_000 } },
      { key: "empty", rate: { capacity: 1, refillMs: 1_000 } },
    ];
    const now = Date.UTC(2040, 0, 1);
    expect(await store.takeTries([full, empty], now)).toBe(true);
    expect(await store.takeTries([full, empty], now)).toBe(false);
    expect(await store.readThrottles(["full", "empty"])).toEqual(
      new Map([
        ["full", now + 1_000],
        ["empty", now + 1_000],
      ]),
    );
    const parallel = await Promise.all(Array.from({ length: 8 }, () => store.takeTries([full], now)));
    expect(parallel.filter(Boolean)).toHaveLength(4);
    await store.giveBackTries([full]);
    expect(await store.takeTries([full], now)).toBe(true);
  });

  test("leaves nothing behind for ever", async () => {
    await dropOutdatedAccess(env, Date.UTC(2050, 0, 1));
    expect(await db.select().from(throttles)).toEqual([]);
    expect(await db.get(sql`SELECT count(*) AS rows FROM sessions`)).toEqual({ rows: 0 });
  });
});

describe("registration", () => {
  const register = (address: string) => {
    const json = JSON.stringify({ username: `new-${crypto.randomUUID().slice(0, 8)}`, password: "a long secret" });
    const headers = { "CF-Connecting-IP": address, "Content-Type": "application/json" };
    return app.request("/api/v1/auth/register", { method: "POST", headers, body: json }, { ...env, RATE_LIMITS: "standard" });
  };

  test("is refused after as many accounts from one address, and open to the next", async () => {
    const { capacity } = RATE_LIMITS.standard.register;
    for (let i = 0; i < capacity; i += 1) expect((await register("203.0.113.77")).status).toBe(200);
    const refused = await register("203.0.113.77");
    expect([refused.status, Number(refused.headers.get("Retry-After")) > 60]).toEqual([429, true]);
    expect((await register("203.0.113.78")).status).toBe(200);
  });
});

describe("submissions", () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await TestAgent.ready(await anAgentKey((await aUser()).id));
    agent.send({ type: "ready", freeSlots: 0 });
  });
  afterAll(async () => {
    await cancelAll();
    agent.leave();
    await untilAgents(0);
  });

  const { capacity, refillMs } = RATE_LIMITS.generous.submit;
  /** As if the user had submitted until the bucket is full again only then. */
  const fill = (userId: number, fullAt: number) =>
    runInDurableObject(dispatcherOf(), (_, state) => {
      state.storage.sql.exec("INSERT OR REPLACE INTO submit_counts VALUES (?, ?)", userId, fullAt);
    });

  test("are counted exactly, per user, and say so in the draft's headers", async () => {
    const [one, other] = [await aUser(), await aUser()];
    for (const left of [1, 2, 3]) {
      const { status, headers } = await submit(one.token);
      const [, remaining, reset] = /^"submit";r=(\d+);t=(\d+)$/.exec(headers.get("RateLimit") ?? "") ?? [];
      expect([status, Number(remaining) >= capacity - left, reset]).toEqual([200, true, "1"]);
      expect(headers.get("RateLimit-Policy")).toContain(`"submit";q=${capacity};w=${(capacity * refillMs) / 1000}`);
    }
    await fill(one.id, Date.now() + capacity * refillMs + 30_000);
    const refused = await submit(one.token);
    expect([refused.status, refused.body["code"]]).toEqual([429, 429]);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(25);
    expect(refused.headers.get("RateLimit")).toMatch(/^"submit";r=0;t=\d+$/);
    expect((await submit(other.token)).status).toBe(200);
  });

  test("of who has a box of their own are counted once, whichever pool takes them", async () => {
    const who = await aUser();
    await anAgentKey(who.id, { trusted: false });
    const before = Date.now();
    expect((await submit(who.token)).status).toBe(200);
    const countOf = (pool: string) =>
      runInDurableObject(dispatcherOf(pool), (_, state) =>
        state.storage.sql.exec<{ full_at: number }>("SELECT full_at FROM submit_counts WHERE user_id = ?", who.id).toArray(),
      );
    // Their own pool is asked first, and has no agent.
    const [own] = await countOf(ownerPool(who.id));
    expect(own?.full_at).toBeGreaterThanOrEqual(before + refillMs);
    expect(own?.full_at).toBeLessThanOrEqual(Date.now() + refillMs);
    expect(await countOf(PUBLIC_POOL)).toEqual([]);
  });

  test("that are only asked about are not counted", async () => {
    const { token } = await aUser();
    const answer = await call("POST", "/api/v1/generate/quote", { token, json: { type: "TEXT2IMG", prompt: "a cat" } });
    expect([answer.status, answer.headers.get("RateLimit")]).toEqual([200, null]);
  });

  test("are forgotten once the bucket is full again", async () => {
    await fill(1, Date.now() - 1);
    await dispatcherOf().sweep({ pool: PUBLIC_POOL, shard: 0 }, { targets: [], isClosed: false });
    const left = await runInDurableObject(dispatcherOf(), (_, state) =>
      state.storage.sql.exec("SELECT * FROM submit_counts WHERE user_id = 1").toArray(),
    );
    expect(left).toEqual([]);
  });
});

describe("what the platform counts", () => {
  /** A binding that has had enough, and remembers whom it was asked about. */
  class Exhausted implements RateLimit {
    readonly keys: string[] = [];
    async limit({ key }: RateLimitOptions): Promise<RateLimitOutcome> {
      this.keys.push(key);
      return { success: false };
    }
  }
  const headers = { "CF-Connecting-IP": "203.0.113.9", "Content-Type": "application/json" };

  test.each([
    ["ADDRESS_LIMIT", "GET", PROFILE, "203.0.113.9", '"address";q=100000;w=10'],
    ["SIGN_IN_LIMIT", "POST", "/api/v1/auth/login", "203.0.113.9", '"address";q=100000;w=10, "sign-in";q=100000;w=10'],
    ["SIGN_IN_LIMIT", "POST", "/api/v1/auth/register", "203.0.113.9", '"address";q=100000;w=10, "sign-in";q=100000;w=10'],
    ["READ_LIMIT", "GET", PROFILE, "user", '"address";q=100000;w=10, "read";q=100000;w=10'],
    ["WRITE_LIMIT", "DELETE", "/api/v1/tasks/t2i_1", "user", '"address";q=100000;w=10, "write";q=100000;w=10'],
  ] as const)("%s refuses %s %s with the policy and when to come again", async (binding, method, path, key, policy) => {
    const who = await aUser();
    const limiter = new Exhausted();
    const request = { method, headers: { ...headers, Authorization: `Bearer ${who.token}` }, ...(method === "POST" && { body: "{}" }) };
    const answer = await app.request(path, request, { ...env, [binding]: limiter });
    expect([answer.status, await answer.json()]).toMatchObject([429, { code: 429, message: "请求过于频繁" }]);
    expect([answer.headers.get("Retry-After"), answer.headers.get("RateLimit-Policy"), answer.headers.get("RateLimit")]).toEqual([
      "10",
      policy,
      null,
    ]);
    expect(limiter.keys).toEqual([key === "user" ? `user-${who.id}` : key]);
  });

  test("is counted as one address where nobody but the client says which it is", async () => {
    const limiter = new Exhausted();
    for (const address of ["203.0.113.9", "198.51.100.1"]) {
      const spoofed = { method: "POST", headers: { ...headers, "CF-Connecting-IP": address }, body: "{}" };
      await app.request("/api/v1/auth/login", spoofed, { ...env, TRUST_CONNECTING_IP: "off", SIGN_IN_LIMIT: limiter });
    }
    expect(limiter.keys).toEqual(["unknown", "unknown"]);
  });

  test("is really counted here", async () => {
    const { headers: answered } = await call("GET", PROFILE, { token: (await aUser()).token });
    expect(answered.get("RateLimit-Policy")).toBe('"address";q=100000;w=10, "read";q=100000;w=10');
    expect(await env.READ_LIMIT.limit({ key: "anybody" })).toEqual({ success: true });
  });
});

describe("a page of another origin", () => {
  const preflight = (path: string, origin: string, vars: object = {}) =>
    app.request(
      path,
      {
        method: "OPTIONS",
        headers: { Origin: origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization" },
      },
      { ...env, ...vars },
    );

  test("may call the API where it is allowed, and is told so before", async () => {
    const anywhere = await preflight(PROFILE, "https://app.example");
    expect([anywhere.status, anywhere.headers.get("Access-Control-Allow-Origin")]).toEqual([204, "*"]);
    expect(anywhere.headers.get("Access-Control-Allow-Methods")).toContain("PUT");
    expect(anywhere.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
    const ALLOWED_ORIGINS = "https://app.example, https://other.example";
    for (const [origin, allowed] of [
      ["https://app.example", "https://app.example"],
      ["https://evil.example", null],
    ] as const) {
      const answer = await preflight(PROFILE, origin, { ALLOWED_ORIGINS });
      expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([204, allowed]);
      expect(answer.headers.get("Vary")).toContain("Origin");
    }
    expect(
      (await preflight(PROFILE, "https://app.example", { ALLOWED_ORIGINS: "" })).headers.get("Access-Control-Allow-Origin"),
    ).toBeNull();
  });

  test("may read refusals too, with what they say of limits and ids", async () => {
    for (const path of [PROFILE, "/api/v1/nothing"]) {
      const { headers } = await call("GET", path, { headers: { Origin: "https://app.example" } });
      expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
      for (const name of ["X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy"]) {
        expect(headers.get("Access-Control-Expose-Headers")).toContain(name);
      }
    }
  });

  test("may use /ws from anywhere: who it speaks for is said in its CONNECT", async () => {
    const { headers } = await preflight("/ws/info", "https://app.example", { ALLOWED_ORIGINS: "" });
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
  });
});

describe("every answer", () => {
  test.each(["/", "/health", PROFILE, "/nothing", "/files/results/a/b", "/docs", "/openapi.json"])(
    "of %s has the security headers",
    async (path) => {
      const { headers } = await call("GET", path);
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("X-Frame-Options")).toBe("DENY");
      expect(headers.get("Referrer-Policy")).toBe("no-referrer");
      expect(headers.get("Cross-Origin-Resource-Policy")).toBe("cross-origin");
      expect(headers.get("Strict-Transport-Security")).toMatch(/^max-age=\d+/);
      const isPage = path === "/" || path === "/docs";
      expect(headers.get("Content-Security-Policy")).toMatch(isPage ? /nonce-/ : /^default-src 'none'; frame-ancestors 'none'$/);
    },
  );

  test("goes on with the caller's trace, or begins one", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const given = await call("GET", "/health", { headers: { traceparent } });
    expect(given.headers.get("traceparent")).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/);
    expect((await call("GET", "/nothing")).headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  test("to HEAD is that to GET without its body", async () => {
    const { token } = await aUser();
    for (const [path, status] of [
      [PROFILE, 200],
      ["/health", 200],
      ["/nothing", 404],
      ["/files/avatars/default.png", 200],
    ] as const) {
      const head = await call("HEAD", path, { token });
      const get = await call("GET", path, { token });
      expect([path, head.status, head.bytes.length, head.headers.get("Content-Type")]).toEqual([
        path,
        status,
        0,
        get.headers.get("Content-Type"),
      ]);
    }
    expect((await call("HEAD", PROFILE)).status).toBe(401);
  });
});

describe("sockets", () => {
  test("of a key end when it is revoked, and no others of its user", async () => {
    const who = await aUser();
    const made = await call("POST", "/api/v1/users/api-keys", { token: who.token, json: { name: "k", scopes: ["read"] } });
    const { id, key } = made.body["data"] as { id: number; key: string };
    const [ofKey, ofSession] = [await StompSocket.connected(key), await StompSocket.connected(who.token)];
    expect((await call("DELETE", `/api/v1/users/api-keys/${id}`, { token: who.token })).status).toBe(200);
    await ofKey.untilClosed();
    expect(ofSession.ws.readyState).toBe(WebSocket.OPEN);
  });

  test("of a user who is disabled all end", async () => {
    const who = await aUser();
    const [one, two] = [await StompSocket.connected(who.token), await StompSocket.connected(who.token)];
    await createDeps(env).endAllSockets(who.id);
    const ends = await Promise.all([one.untilClosed(), two.untilClosed()]);
    expect(ends.every(({ code }) => code !== 1006)).toBe(true);
  });
});

describe("an address that has had its share", () => {
  /** Lets nothing more through; what it was asked is noted. */
  function exhausted() {
    const keys: string[] = [];
    const limit = async ({ key }: { key: string }) => ({ success: keys.push(key) < 0 });
    return { keys, env: { ...env, TRUST_CONNECTING_IP: "on", ADDRESS_LIMIT: { limit } } };
  }
  const headers = { "CF-Connecting-IP": "203.0.113.70", Origin: "https://page.example" };

  test.each([
    ["GET", "/ws/info", {}],
    ["POST", "/ws/000/limited/xhr", {}],
    ["GET", "/ws/000/limited/eventsource", {}],
    ["GET", "/ws", { Upgrade: "websocket" }],
    ["GET", "/ws/000/limited/websocket", { Upgrade: "websocket" }],
  ])("is refused a session, in words that a page may read: %s %s %j", async (method, path, more) => {
    const { keys, env: strict } = exhausted();
    const answer = await app.request(path, { method, headers: { ...headers, ...more } }, strict);
    expect([answer.status, await answer.text()]).toEqual([429, "Too many requests."]);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://page.example");
    expect(keys).toEqual(["203.0.113.70"]);
  });

  test("is still served what belongs to no session", async () => {
    const { keys, env: strict } = exhausted();
    expect((await app.request("/ws/iframe.html", { headers }, strict)).status).toBe(200);
    expect(keys).toEqual([]);
  });
});

describe("a socket", () => {
  test("that is sent more while its CONNECT is checked than may wait is ended with an ERROR", async () => {
    const { token } = await aUser();
    const socket = await StompSocket.open();
    socket.connect({ Authorization: `Bearer ${token}` });
    // Ends of lines between frames, the last one half: nothing to read, and no beat to answer.
    for (let message = 0; message < 4; message += 1) socket.ws.send(`${"\n".repeat(1024 * 1024 - 2)}\r`);
    expect((await socket.next("ERROR")).headers["message"]).toBe("Too much input at once");
    expect((await socket.untilClosed()).code).toBe(1002);
  });

  test("that sends on after it was told that it is too fast is ended", async () => {
    const { token } = await aUser();
    const socket = await StompSocket.connected(token);
    await socket.subscribe("/user/queue/reply");
    socket.ws.send("SEND\ndestination:/app/x\n\n\0".repeat(5000));
    expect((await socket.next("ERROR")).headers["message"]).toBe("Too many requests, sent on after being told so");
    expect(socket.messages().length).toBeLessThan(300);
  });
});
