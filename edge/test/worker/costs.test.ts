import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fillHistory from "../../../bench/history.sql";
import costsPage from "../../../docs/costs.md?raw";
import { app } from "../../src/app.ts";
import { countedDatabase, type RowCount } from "./counted-database.ts";
import { anAgentKey, aUser, call, ORIGIN, type TestUser } from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const HISTORY = 100_000;
/** Rows of `task_counts` that one user may have and another not. */
const OWN_COUNTERS = 30;
/** Every filter below still fills fifty pages of it. */
const SHORT_HISTORY = 12_000;

/** One request to the Worker, and the rows that it read and wrote. */
async function costOf(
  method: string,
  path: string,
  { token, json }: { token?: string; json?: unknown } = {},
): Promise<RowCount & { body: unknown }> {
  const { db, count } = countedDatabase(env.DB);
  const context = createExecutionContext();
  const headers = { "Content-Type": "application/json", ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
  const request = new Request(`${ORIGIN}${path}`, { method, headers, ...(json !== undefined && { body: JSON.stringify(json) }) });
  const response = await app.fetch(request, { ...env, DB: db }, context);
  const body: unknown = await response.json();
  await waitOnExecutionContext(context);
  if (response.status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(body)}`);
  return { ...count, body };
}

/** ?1 charges of user ?2 at ?3, all of this month: of 0 credits, as each must continue the balance. */
const FILL_DEDUCTS = `INSERT INTO fund_records (user_id, type, amount, balance, reason, create_time)
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
  SELECT ?2, 'DEDUCT', 0, (SELECT balance FROM accounts WHERE user_id = ?2), 'test', ?3 FROM n`;

async function aUserWithHistory(tasks: number) {
  const user = await aUser();
  await env.DB.prepare(fillHistory).bind(tasks, user.id, Date.now()).run();
  await env.DB.prepare(FILL_DEDUCTS)
    .bind(tasks / 10, user.id, Date.now())
    .run();
  return user;
}

let agent: TestAgent;
let newcomer: TestUser;
let veteran: typeof newcomer;

beforeAll(async () => {
  newcomer = await aUserWithHistory(SHORT_HISTORY);
  veteran = await aUserWithHistory(HISTORY);
  agent = await TestAgent.ready(await anAgentKey(newcomer.id));
}, 60_000);
afterAll(() => agent.leave());

/** The numbers of a table of docs/costs.md, by its first column. */
function bounds(heading: string): Map<string, number[]> {
  const section = costsPage.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  const lines = [...section.matchAll(/^\| ([^|]+?) +\|(.+)\|$/gm)].map(([, name = "", cells = ""]) => [name, cells.split("|")] as const);
  return new Map(lines.map(([name, cells]) => [name, cells.map((cell) => Number(cell.replaceAll(/[ ,]/g, "")))]));
}

const PER_REQUEST = bounds("Per request");
type Ask = (user: typeof newcomer) => Promise<RowCount>;

const list =
  (query: string): Ask =>
  ({ token }) =>
    costOf("GET", `/api/v1/tasks?${query}`, { token });

const REQUESTS: Record<string, Ask> = {
  async login() {
    const { username, password } = await aUser();
    const json = { username, password };
    // The first from an address also makes its buckets.
    await call("POST", "/api/v1/auth/login", { json });
    return costOf("POST", "/api/v1/auth/login", { json });
  },
  submit: ({ token }) => costOf("POST", "/api/v1/generate/text2img", { token, json: { prompt: "a cat" } }),
  detail: ({ token, id }) => costOf("GET", `/api/v1/tasks/t2i_20200101_${String(id * 1_000_000 + 5).padStart(18, "0")}`, { token }),
  balance: ({ token }) => costOf("GET", "/api/v1/users/balance", { token }),
  "list, page 1": list("page=1"),
  "list, page 10": list("page=10"),
  "list, page 50": list("page=50"),
  "list, one status, page 50": list("status=COMPLETED&page=50"),
  "list, one type, page 50": list("type=UPSCALE&page=50"),
  "list, one type and status, page 50": list("type=UPSCALE&status=COMPLETED&page=50"),
  "list, sorted by completeTime, page 50": list("sort=completeTime&page=50"),
  "list, sorted by cost, page 50": list("sort=cost&order=asc&page=50"),
};

test("every request of the table is measured", () => {
  expect(Object.keys(REQUESTS).toSorted()).toEqual([...PER_REQUEST.keys()].filter((name) => !/^(request|-+)$/.test(name)).toSorted());
});

describe.each(Object.entries(REQUESTS))("%s", (name, ask) => {
  test("reads and writes no more rows than docs/costs.md says, and as many with a long history as with a short one", async () => {
    const [few, many] = [await ask(newcomer), await ask(veteran)];
    const [read = 0, written = 0] = PER_REQUEST.get(name) ?? [];
    expect({ name, read: Math.max(few.read, read), written: Math.max(many.written, written) }).toEqual({ name, read, written });
    expect(many.read).toBeLessThanOrEqual(read);
    expect(Math.abs(many.read - few.read)).toBeLessThanOrEqual(OWN_COUNTERS);
  });
});

test.each([...bounds("Deeper pages")].filter(([page]) => /^[\d,]+$/.test(page)))(
  "page %s reads what it skips, and no more",
  async (page, [read = 0]) => {
    const number = Number(page.replaceAll(",", ""));
    const measured = await list(`page=${number}`)(veteran);
    expect(measured.read).toBeLessThanOrEqual(read);
    expect(measured.read).toBeGreaterThan(20 * (number - 1));
  },
);
