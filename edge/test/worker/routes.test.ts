import { beforeAll, describe, expect, test } from "vitest";
import { app } from "../../src/app.ts";
import { describeRoutes } from "../../src/http/route-facts.ts";
import { openApiPath, partsOf, type RouteParts } from "../../src/openapi/route-parts.ts";
import { objectOf } from "./objects-of.ts";
import { aBodyFor } from "./schema-arbitrary.ts";
import { openSession, revoke, signedIn, tokenOf } from "./signed-in.ts";
import { call } from "./system-of-one.ts";

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

test("only the routes listed here are open to anyone", () => {
  const open = calledBy("anyone").map(({ method, path }) => `${method} ${path}`);
  expect(open.filter((route) => !OPEN.includes(route))).toEqual([]);
});

let user: Awaited<ReturnType<typeof signedIn>>;
let stranger: typeof user;
beforeAll(async () => {
  user = await signedIn({ role: "ADMIN" });
  stranger = await signedIn();
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

const WITH_OBJECTS = calledBy("user", "session").filter(({ path }) => path.includes("{"));

test.each(WITH_OBJECTS)("$method $path does not find what belongs to somebody else", async ({ method, path, parts }) => {
  const owner = await signedIn();
  const theirs = path.replaceAll(/([\w-]+)\/\{(\w+)\}/g, "$1/{$1}");
  const made = new Map<string, string>();
  for (const [, collection = ""] of theirs.matchAll(/\{([\w-]+)\}/g)) made.set(collection, await objectOf(owner, collection));
  const json = parts.body ? aBodyFor(parts.body) : undefined;
  const target = theirs.replaceAll(/\{([\w-]+)\}/g, (_, collection: string) => made.get(collection) ?? "");
  const answer = await call(method, target, { token: stranger.token, ...(json !== undefined && { json }) });
  expect([answer.status, answer.body["code"]]).toEqual([404, 404]);
});
