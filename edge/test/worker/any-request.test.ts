import { SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { ERRORS } from "@star-graph/shared/errors";
import { TaskType } from "@star-graph/shared/task";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { app } from "../../src/app.ts";
import { openDatabase } from "../../src/db/client.ts";
import { models } from "../../src/db/schema.ts";
import { describeRoutes } from "../../src/http/route-facts.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { openApiPath, partsOf, type RouteParts } from "../../src/openapi/route-parts.ts";
import { type AnyRequest, anyRequest } from "./hostile-request.ts";
import { fitting } from "./schema-arbitrary.ts";
import { tokenOf } from "./signed-in.ts";
import { aUser, anAgentKey, ORIGIN, type TestUser } from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const REQUESTS = 2100;
/** For a machine that is busy: some routes hash a password each time. */
const TIMEOUT_MS = 60_000;
const SEED = 20_241_002;

const ROUTES = describeRoutes(app);
const DOCUMENT = openApiDocument(ROUTES, ORIGIN);
const OPERATIONS = ROUTES.flatMap((route) => {
  const parts = partsOf(route);
  const described = DOCUMENT.paths[openApiPath(route.path)]?.[route.method.toLowerCase()];
  return parts && described ? [{ method: route.method, path: openApiPath(route.path), parts, described }] : [];
});
type Operation = (typeof OPERATIONS)[number];

/** A fault of the server that a caller may see, since it says what is missing; 500 and plain 503 are never right here. */
const EXPECTED_FAULTS: (number | string)[] = [ERRORS.QUEUE_FULL.code, ERRORS.NO_GPU.code];
const STATUS_OF_CODE = new Map<number | string, number>([
  [200, 200],
  ...Object.values(ERRORS).map((row) => [row.code, row.httpStatus] as const),
]);

const Envelope = z.looseObject({
  code: z.union([z.number(), z.string()]),
  message: z.string().min(1),
  timestamp: z.int().positive(),
  requestId: z.string().min(1),
  data: z.unknown().optional(),
});

let agent: TestAgent;
let admin: TestUser;
let user: typeof admin;
let sent = 0;

beforeAll(async () => {
  [admin, user] = [await aUser({ role: "ADMIN", credits: 1_000_000 }), await aUser({ credits: 1_000_000 })];
  // Somebody could do everything, so that a good request is admitted; nobody does.
  const rows = await openDatabase(env.DB).select().from(models);
  const offered = rows.map(({ name, types }) => ({ name, types: TaskType.array().nonempty().parse(types), engine: "test" }));
  agent = await TestAgent.ready(await anAgentKey(admin.id), { capabilities: { slots: 1, models: offered } });
});
afterAll(() => agent.leave());

/** A valid token for the route; requests before this one may have ended the session or the account. */
async function tokenFor({ parts: { caller } }: Operation): Promise<string> {
  const who = caller === "admin" ? admin : user;
  return tokenOf(who.id, who.sessionId, caller === "refresh-token" ? "refresh" : "access");
}

async function renew({ parts: { caller } }: Operation): Promise<void> {
  if (caller === "admin") admin = await aUser({ role: "ADMIN", credits: 1_000_000 });
  else user = await aUser({ credits: 1_000_000 });
}

async function send(operation: Operation, request: AnyRequest): Promise<Response> {
  sent++;
  const headers = new Headers({ Authorization: `Bearer ${await tokenFor(operation)}` });
  if (request.body !== null) headers.set("Content-Type", request.contentType);
  const init: RequestInit = { method: operation.method, headers, redirect: "manual" };
  if (request.body !== null) init.body = new TextEncoder().encode(request.body);
  return SELF.fetch(`${ORIGIN}${request.path}`, init);
}

describe.each(OPERATIONS)("$method $path", (operation) => {
  test(
    "answers whatever it is asked in the envelope, and with no fault of its own",
    async () => {
      const check = fc.asyncProperty(anyRequest(operation.path, operation.described), async (request) => {
        const response = await send(operation, request);
        if (response.status === 401) await renew(operation);
        expect(await faultsOf(operation, request, response)).toEqual([]);
      });
      await fc.assert(check, { numRuns: Math.ceil(REQUESTS / OPERATIONS.length), seed: SEED });
    },
    TIMEOUT_MS,
  );
});

/** What is wrong with an answer. */
async function faultsOf({ method, parts, described }: Operation, request: AnyRequest, response: Response): Promise<string[]> {
  const { status } = response;
  if (status < 400 && (parts.operation.contentType !== undefined || parts.operation.upgrades)) {
    await response.body?.cancel();
    return [];
  }
  const body: unknown = await response.json();
  const envelope = Envelope.safeParse(body);
  if (!envelope.success) return [`not the envelope: ${JSON.stringify(body)}`];
  const { code } = envelope.data;
  // A path that was broken on its way leads nowhere, and a body may be refused before its route is found.
  const isItsOwnAnswer = status !== 404 && (method === "GET" || (status !== 400 && status !== 413));
  const faults: [boolean, string][] = [
    [STATUS_OF_CODE.get(code) !== status, `status ${status} with code ${code}`],
    [status >= 500 && !EXPECTED_FAULTS.includes(code), `a fault of ours: ${code}`],
    [isItsOwnAnswer && !(String(status) in described.responses), `${status} is not described`],
    [request.mustBeRefused && status < 400, `accepted: ${JSON.stringify(body)}`],
    [status === 200 && !isDescribed(parts.operation, envelope.data), `not as described: ${JSON.stringify(body)}`],
  ];
  return faults.filter(([isFault]) => isFault).map(([, fault]) => fault);
}

/** A good answer is what the description says: nothing is missing, nothing is left undescribed. */
function isDescribed({ answer, topLevel = [] }: RouteParts["operation"], envelope: z.infer<typeof Envelope>): boolean {
  const { code: _code, message: _message, timestamp: _timestamp, requestId: _requestId, data, ...repeated } = envelope;
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (!answer) return data === undefined && same(repeated, {});
  const fields = new Map(Object.entries(data ?? {}));
  const parsed = answer.safeParse(data);
  return (
    parsed.success &&
    sameFields(parsed.data, data) &&
    Object.entries(repeated).every(([name, value]) => topLevel.includes(name) && same(fields.get(name), value))
  );
}

/** zod drops what a schema does not have: nothing may have been dropped, at any depth. */
function sameFields(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [ofA, ofB] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  return ofA.size === ofB.size && [...ofA].every(([name, value]) => ofB.has(name) && sameFields(value, ofB.get(name)));
}

const WITH_PICTURE = OPERATIONS.filter(({ path }) => /\/generate\/(img2img|upscale|pose|img2video)$/.test(path));

describe.each(WITH_PICTURE)("$method $path", (operation) => {
  const schema = operation.described.requestBody?.content["application/json"]?.schema ?? {};

  test("says that it takes exactly one of its two pictures, and takes what fits that", async () => {
    expect(schema["oneOf"]).toEqual([/Base64$/i, /Url$/i].map((name) => ({ required: [expect.stringMatching(name)] })));
    const bodies = fc.sample(fitting(schema), { numRuns: 200, seed: SEED }) as object[];
    for (const body of bodies) expect(operation.parts.body?.safeParse(body)).toMatchObject({ success: true });
    // Names and addresses out of thin air lead nowhere.
    const alone = bodies
      .filter((body) => Object.keys(body).some((name) => /Base64$/i.test(name)))
      .map((body) => Object.fromEntries(Object.entries(body).filter(([name]) => !/^model|Url$/i.test(name))));
    const answers = alone
      .slice(0, 3)
      .map((body) =>
        send(operation, { path: operation.path, body: JSON.stringify(body), contentType: "application/json", mustBeRefused: false }),
      );
    expect(await Promise.all(answers.map(async (answer) => (await answer).status))).toEqual([200, 200, 200]);
  });
});

test("were enough requests", () => expect(sent).toBeGreaterThanOrEqual(2000));
