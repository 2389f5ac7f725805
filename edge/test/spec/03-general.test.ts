import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../worker/system-of-one.ts";
import { aDocumentedSystem, type DocumentedSystem } from "./system.ts";

let system: DocumentedSystem;
beforeAll(async () => {
  system = await aDocumentedSystem();
});
afterAll(() => system.agent.leave());

describe("3.1 and 3.2: every answer is the envelope", () => {
  test("with a number for a code, a message, milliseconds and the request's own id", async () => {
    const { body, headers } = await system.ask("GET", "/users/balance", undefined, { "X-Request-ID": "mine-1" });
    expect(body).toEqual({ code: 200, message: "success", data: expect.any(Object), timestamp: expect.any(Number), requestId: "mine-1" });
    expect(Math.abs(Number(body["timestamp"]) - Date.now())).toBeLessThan(60_000);
    expect(headers.get("X-Request-ID")).toBe("mine-1");
  });

  test.each<[string, string, string, object, number, number | string]>([
    ["an unknown route", "GET", "/api/v1/nothing", {}, 404, 404],
    ["a wrong method", "PATCH", "/api/v1/users/balance", {}, 404, 404],
    ["a body that is no JSON", "POST", "/api/v1/auth/login", { body: "{", headers: { "Content-Type": "application/json" } }, 400, 400],
    ["another content type", "POST", "/api/v1/auth/login", { body: "a=b", headers: { "Content-Type": "text/plain" } }, 400, 400],
  ])("for %s too", async (_what, method, path, options, status, code) => {
    const answer = await call(method, path, { token: system.user.token, ...options });
    expect([answer.status, answer.body["code"]]).toEqual([status, code]);
    expect(answer.body).toMatchObject({ message: expect.any(String), timestamp: expect.any(Number), requestId: expect.any(String) });
    expect(answer.body).not.toHaveProperty("stack");
  });

  test("in Chinese, and in English for who prefers it", async () => {
    const messages = await Promise.all(
      ["", "en-GB,en;q=0.9,zh;q=0.1"].map(
        async (language) => (await call("GET", "/api/v1/users/balance", { headers: { "Accept-Language": language } })).body["message"],
      ),
    );
    expect(messages).toEqual(["未授权", "Not authenticated"]);
  });

  test("names the first field that is wrong and lists them all", async () => {
    const { status, body } = await system.ask("POST", "/generate/text2img", { prompt: "", width: 3, steps: 1.5 });
    expect(status).toBe(400);
    expect(body["message"]).toMatch(/prompt/);
    const issues = (body["data"] as { issues: { path: string; message: string }[] }).issues;
    expect(issues.map(({ path }) => path)).toEqual(expect.arrayContaining(["prompt", "width", "steps"]));
  });

  test("and unknown fields set nothing", async () => {
    const { status, body } = await system.ask("POST", "/generate/text2img", { prompt: "a cat", cost: 0, userId: 1, status: "COMPLETED" });
    expect([status, body["cost"]]).toEqual([200, 10]);
  });
});

describe("3.3 pages", () => {
  test("begin at 1, hold 20 and say how many there are", async () => {
    const { body } = await system.ask("GET", "/tasks");
    expect(body["data"]).toMatchObject({ content: expect.any(Array), totalElements: 1, totalPages: 1, page: 1, pageSize: 20 });
  });

  test.each(["page=0", "page=1.5", "page=x", "pageSize=0", "pageSize=101", "sort=prompt", "order=up", "status=DONE", "type=CAT"])(
    "refuse %s",
    async (query) => {
      expect((await system.ask("GET", `/tasks?${query}`)).status).toBe(400);
    },
  );

  test("come in the same order every time, without a task twice", async () => {
    for (let i = 0; i < 4; i++) await system.ask("POST", "/generate/text2img", { prompt: `cat ${i}`, width: 64, height: 64 });
    const seen: string[] = [];
    for (const page of [1, 2, 3]) {
      const { body } = await system.ask("GET", `/tasks?page=${page}&pageSize=2`);
      seen.push(...(body["data"] as { content: { id: string }[] }).content.map(({ id }) => id));
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toEqual(seen.toSorted().toReversed());
  });
});
