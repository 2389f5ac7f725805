import { AppError } from "@star-graph/shared/errors";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { AppEnv } from "../env.ts";
import { fail, ok } from "./envelope.ts";
import { requestContext } from "./request-context.ts";
import { bearerToken } from "./require-user.ts";
import { operation } from "./route-facts.ts";
import { requireJson, validate } from "./validate.ts";

const Body = z.object({ name: z.string().min(2), size: z.number().int() });

const app = new Hono<AppEnv>()
  .use(requestContext)
  .use(requireJson)
  .post("/echo", operation({ tag: "Test", summary: "Echo", topLevel: ["name"] }), validate("json", Body), (c) => ok(c, c.req.valid("json")))
  .get("/full", () => {
    throw new AppError("QUEUE_FULL");
  })
  .onError((error, c) => fail(c, error instanceof AppError ? error : new AppError("INTERNAL")));

async function post(body: string, headers: Record<string, string> = {}) {
  const length = { "Content-Length": String(body.length) };
  const response = await app.request("/echo", {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...length, ...headers },
  });
  return { status: response.status, headers: response.headers, body: z.record(z.string(), z.unknown()).parse(await response.json()) };
}

describe("the envelope", () => {
  test("of a success has the data, and what the document also wants beside it", async () => {
    const { status, body } = await post('{"name":"cat","size":3}');
    expect(status).toBe(200);
    expect(body).toEqual({
      code: 200,
      message: "success",
      name: "cat",
      data: { name: "cat", size: 3 },
      timestamp: expect.any(Number),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("of an error has its code, its status, and when to try again", async () => {
    const response = await app.request("/full", { headers: { "Accept-Language": "en" } });
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "10"]);
    expect(await response.json()).toMatchObject({ code: "E003", message: "The queue is full" });
  });

  test("carries the caller's request id when it is one, and one of ours otherwise", async () => {
    const ids = await Promise.all(
      ["mine-1", "a b", "x".repeat(129)].map(async (id) => (await post("{}", { "X-Request-ID": id })).body["requestId"]),
    );
    expect(ids[0]).toBe("mine-1");
    expect(ids.slice(1)).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect((await post("{}", { "X-Request-ID": "mine-2" })).headers.get("X-Request-ID")).toBe("mine-2");
  });
});

describe("validation", () => {
  test("names the first field that is wrong, and lists them all in the caller's language", async () => {
    const { status, body } = await post('{"name":"x","size":1.5}', { "Accept-Language": "en" });
    expect(status).toBe(400);
    expect(body["message"]).toMatch(/^The request is not valid: name: /);
    expect(body["data"]).toMatchObject({ issues: [{ path: "name" }, { path: "size" }] });
    expect((await post('{"name":"x","size":1}')).body["message"]).toMatch(/^请求参数错误：name: /);
  });

  test("wants a body that says it is JSON", async () => {
    expect((await post("name=cat", { "Content-Type": "application/x-www-form-urlencoded" })).body["message"]).toBe(
      "请求体必须是 application/json",
    );
    expect((await post('{"name":"cat","size":3}', { "Content-Type": "application/problem+json; charset=utf-8" })).status).toBe(200);
  });
});

test("a bearer token is read whatever the case of its scheme, and only when it is one word", () => {
  expect(
    ["Bearer abc", "bearer abc", "Bearer  abc", "Bearer a b", "Basic abc", "", undefined].map((header) => bearerToken(header)),
  ).toEqual(["abc", "abc", null, null, null, null, null]);
});
