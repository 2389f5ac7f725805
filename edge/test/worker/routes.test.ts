import { SUCCESS } from "@star-graph/shared/envelope";
import { ERRORS } from "@star-graph/shared/errors";
import { beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { app } from "../../src/app.ts";
import { describeRoutes, scopeFor } from "../../src/http/route-facts.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { openApiPath, partsOf, type RouteParts } from "../../src/openapi/route-parts.ts";
import { objectOf } from "./objects-of.ts";
import { aBodyFor } from "./schema-arbitrary.ts";
import { openSession, revoke, tokenOf } from "./signed-in.ts";
import { aUser, call, dataOf, ORIGIN, type TestUser } from "./system-of-one.ts";

/** What no client of the API asks for: parts of a page. */
const PARTS_OF_A_PAGE = ["/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"];
const ROUTES = describeRoutes(app).filter(({ path }) => !PARTS_OF_A_PAGE.includes(path));
const DESCRIBED = ROUTES.flatMap((route) => {
  const parts = partsOf(route);
  return parts ? [{ ...route, path: openApiPath(route.path), parts }] : [];
});
type Described = (typeof DESCRIBED)[number];
const calledBy = (...callers: RouteParts["caller"][]): Described[] => DESCRIBED.filter(({ parts }) => callers.includes(parts.caller));

/** Open to the world on purpose. A route that is not listed here has forgotten its guard. */
const OPEN = [
  "GET /",
  "GET /docs",
  "GET /files/avatars/default.png",
  "GET /files/avatars/{folder}/{name}",
  "GET /files/results/{folder}/{name}",
  "GET /health",
  "GET /openapi.json",
  "GET /previews/{hub}/{token}/{version}",
  "GET /ws",
  "POST /api/v1/auth/login",
  "POST /api/v1/auth/register",
];

/** The path with something fitting in place of each parameter; who is refused never learns what is there. */
function filled({ path, parts }: Described): string {
  const values = (parts.param ? aBodyFor(parts.param) : {}) as Record<string, string | number>;
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name] ?? 1)));
}

async function status(route: Described, token?: string): Promise<unknown[]> {
  const json = route.parts.body ? aBodyFor(route.parts.body) : undefined;
  const answer = await call(route.method, filled(route), { ...(token !== undefined && { token }), ...(json !== undefined && { json }) });
  return [answer.status, answer.body["code"]];
}

test("every route describes itself, or is part of a page", () => {
  expect(ROUTES.filter((route) => !partsOf(route)).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(ROUTES.length).toBeGreaterThan(15);
});

test("the served description has every mounted route, and no other", async () => {
  const { body } = await call("GET", "/openapi.json");
  const served = Object.entries(body["paths"] as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(body["openapi"]).toBe("3.1.0");
  expect(served.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${openApiPath(path)}`).toSorted());
});

describe("the description", () => {
  type Described = { description: string; headers?: object; content?: Record<string, { example?: { message: string; data?: unknown } }> };
  const document = openApiDocument(describeRoutes(app), ORIGIN);
  const operationOf = ({ method, path }: (typeof DESCRIBED)[number]) => document.paths[path]?.[method.toLowerCase()];
  /** As zod read it: what it does not know, it would have dropped. */
  const fits = (schema: z.ZodType, value: unknown) => expect(JSON.parse(JSON.stringify(schema.parse(value)))).toEqual(value);

  test.each(DESCRIBED.filter(({ parts }) => parts.operation.answer))(
    "has an example of what $method $path answers, which fits",
    (route) => {
      const { answer, success = "OK" } = route.parts.operation;
      const described = operationOf(route)?.responses["200"] as Described | undefined;
      const example = described?.content?.["application/json"]?.example;
      expect(example?.message).toBe(SUCCESS[success].zh);
      if (answer) fits(answer, example?.data);
    },
  );

  test.each(DESCRIBED.filter(({ parts }) => parts.body))("has an example of what $method $path takes, which it would take", (route) => {
    const content = operationOf(route)?.requestBody?.content as Record<string, { example?: unknown }> | undefined;
    expect(route.parts.body?.safeParse(content?.["application/json"]?.example)).toMatchObject({ success: true });
  });

  test.each(DESCRIBED)("says which headers the answers of $method $path have", (route) => {
    const shared = document.components.responses as Record<string, Described>;
    const responses = Object.entries(operationOf(route)?.responses ?? {}) as [string, Described & { $ref?: string }][];
    const headers = new Map(
      responses.map(([status, response]) => {
        const described = response.$ref === undefined ? response : shared[response.$ref.split("/").at(-1) ?? ""];
        return [status, Object.keys(described?.headers ?? {})];
      }),
    );
    headers.delete("101");
    expect([...headers.values()].filter((names) => !names.includes("X-Request-ID"))).toEqual([]);
    for (const status of ["429", "503"]) expect(headers.get(status)).toContain("Retry-After");
  });

  test("names what a file and an event stream answer beside what was asked for", () => {
    const answers = (path: string) => Object.keys(document.paths[path]?.["get"]?.responses ?? {});
    expect(answers("/files/results/{folder}/{name}")).toEqual(expect.arrayContaining(["200", "206", "304", "404", "412", "416"]));
    expect(answers("/api/v1/tasks/{taskId}/events")).toEqual(expect.arrayContaining(["200", "204", "401", "404"]));
  });

  test("has every error code", () => {
    for (const { code } of Object.values(ERRORS)) expect(document.info.description).toContain(`| ${JSON.stringify(code)} |`);
  });
});

test("only the routes listed here are open to anyone", () => {
  const open = calledBy("anyone").map(({ method, path }) => `${method} ${path}`);
  expect(open.filter((route) => !OPEN.includes(route))).toEqual([]);
});

let user: TestUser;
let stranger: typeof user;
beforeAll(async () => {
  user = await aUser({ role: "ADMIN" });
  stranger = await aUser();
});

describe.each(calledBy("user", "session", "admin", "refresh-token"))("$method $path", (route) => {
  const takes = route.parts.caller === "refresh-token" ? "refresh" : "access";
  const otherUse = takes === "access" ? "refresh" : "access";
  const longAgo = Date.now() - 40 * 86_400_000;

  test.each<[string, () => string | undefined | Promise<string>]>([
    ["no token", () => undefined],
    ["garbage", () => "eyJhbGciOiJIUzI1NiJ9.garbage.garbage"],
    ["an expired token", () => tokenOf(user.id, user.sessionId, takes, longAgo)],
    [`the ${otherUse} token`, () => tokenOf(user.id, user.sessionId, otherUse)],
    ["a token of another user's session", () => tokenOf(user.id, stranger.sessionId, takes)],
    [
      "a token of a revoked session",
      async () => {
        const sessionId = await openSession(user.id);
        await revoke(sessionId);
        return tokenOf(user.id, sessionId, takes);
      },
    ],
  ])("refuses %s", async (_what, token) => {
    expect(await status(route, await token())).toEqual([401, 401]);
  });
});

test.each(calledBy("admin"))("$method $path is not for users", async (route) => {
  expect(await status(route, stranger.token)).toEqual([403, 403]);
});

test.each(calledBy("agent"))("$method $path refuses users and no token", async (route) => {
  const refusals = route.parts.operation.upgrades ? [400, 401] : [401];
  for (const token of [undefined, user.token]) {
    const [refused] = await status(route, token);
    expect(refusals).toContain(refused);
  }
});

/** Where a leaked API key could make itself stay, or take its owner's place. */
const NOT_FOR_KEYS = [
  "DELETE /api/v1/resources/agent-keys/{keyId}",
  "DELETE /api/v1/users/api-keys/{keyId}",
  "DELETE /api/v1/users/sessions",
  "DELETE /api/v1/users/sessions/{sessionId}",
  "GET /api/v1/users/webhook-secret",
  "POST /api/v1/auth/logout",
  "POST /api/v1/resources/agent-keys",
  "POST /api/v1/users/api-keys",
  "POST /api/v1/users/webhook-secret/rotate",
  "PUT /api/v1/users/password",
];

describe("an API key", () => {
  const made = new Map<string, Promise<string>>();
  /** One for each choice of scopes: an account may have so many keys and no more. */
  function keyWith(...scopes: string[]): Promise<string> {
    const name = scopes.join(" ");
    const key = made.get(name) ?? call("POST", "/api/v1/users/api-keys", { token: user.token, json: { name, scopes } }).then(keyIn);
    made.set(name, key);
    return key;
  }
  const keyIn = (answer: Awaited<ReturnType<typeof call>>): string => dataOf<{ key: string }>(answer).key;
  /** Asked for what is not there, with a body that does not fit: whoever is let in learns that and changes nothing. */
  const knock = (route: Described, token: string) =>
    call(route.method, filled(route).replaceAll(/\/1(?=\/|$)/g, "/987654321"), { token, ...(route.parts.body && { json: { type: [] } }) });

  test("is taken by every route of a user and of an administrator but those listed here", () => {
    expect(
      calledBy("session")
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual(NOT_FOR_KEYS);
  });

  test.each(calledBy("session"))("with every scope is refused by $method $path", async (route) => {
    const { status: refused, body } = await knock(route, await keyWith("read", "generate", "admin"));
    expect([refused, body["message"]]).toEqual([403, "API密钥不能用于此接口，请登录"]);
  });

  test.each(calledBy("user", "admin"))("is taken by $method $path with its scope, and not without", async (route) => {
    const scope = scopeFor(route.parts.caller, route.method);
    const others = ["read", "generate", "admin"].filter((one) => one !== scope);
    expect(await knock(route, await keyWith(...others)).then(({ status: refused, body }) => [refused, body["message"]])).toEqual([
      403,
      `API密钥没有 ${scope} 权限`,
    ]);
    expect([200, 400, 404, 416]).toContain((await knock(route, await keyWith(scope))).status);
  });

  test("is described with the scope that each route wants", async () => {
    const { body } = await call("GET", "/openapi.json");
    const paths = body["paths"] as Record<string, Record<string, { security: Record<string, string[]>[] }>>;
    for (const { method, path, parts } of DESCRIBED) {
      const described = paths[path]?.[method.toLowerCase()]?.security.find((scheme) => "apiKey" in scheme)?.["apiKey"];
      const takesKeys = parts.caller === "user" || parts.caller === "admin";
      expect([method, path, described]).toEqual([method, path, takesKeys ? [scopeFor(parts.caller, method)] : undefined]);
    }
  });
});

const WITH_OBJECTS = calledBy("user", "session").filter(({ path }) => path.includes("{"));

test.each(WITH_OBJECTS)("$method $path does not find what belongs to somebody else", async ({ method, path, parts }) => {
  const owner = await aUser();
  const theirs = path.replaceAll(/([\w-]+)\/\{(\w+)\}/g, "$1/{$1}");
  const made = new Map<string, string>();
  for (const [, collection = ""] of theirs.matchAll(/\{([\w-]+)\}/g)) made.set(collection, await objectOf(owner, collection));
  const json = parts.body ? aBodyFor(parts.body) : undefined;
  const target = theirs.replaceAll(/\{([\w-]+)\}/g, (_, collection: string) => made.get(collection) ?? "");
  const answer = await call(method, target, { token: stranger.token, ...(json !== undefined && { json }) });
  expect([answer.status, answer.body["code"]]).toEqual([404, 404]);
});
