import { env } from "cloudflare:workers";
import { and, eq, inArray } from "drizzle-orm";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import costsPage from "../../../docs/costs.md?raw";
import { createLedger, type NewTask } from "../../src/billing/ledger.ts";
import { createLedgerCheckStore } from "../../src/billing/ledger-check-store.ts";
import { openDatabase } from "../../src/db/client.ts";
import { holds, settlements, tasks } from "../../src/db/schema.ts";
import { createHistory } from "../../src/dispatch/duties/history.ts";
import { countedDatabase } from "./counted-database.ts";
import {
  anAgentKey,
  aUser,
  balanceOf,
  call,
  cancelAll,
  submit,
  type TestUser,
  TEXT2IMG_MODEL,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
const COST = 10;
const agents: TestAgent[] = [];
let key: string;

beforeAll(async () => {
  key = await anAgentKey((await aUser()).id);
});

afterEach(async () => {
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  await untilAgents(0);
});

async function anAgent(freeSlots: number) {
  const agent = await TestAgent.ready(key);
  agents.push(agent);
  agent.send({ type: "ready", freeSlots });
  return agent;
}

const isSound = async () => (await createLedgerCheckStore(db).findFaults(1, 10)).faults;
const liveOf = async (user: TestUser) =>
  (
    await db
      .select({ id: tasks.id })
      .from(tasks)
      .where(and(eq(tasks.userId, user.id), inArray(tasks.status, ["PENDING", "PROCESSING"])))
  ).map(({ id }) => id);

describe("a user with credits for ten tasks", () => {
  const generate = (user: TestUser) => call("POST", "/api/v1/generate/text2img", { token: user.token, json: { prompt: "a cat" } });
  const codesOf = (answers: { body: Record<string, unknown> }[]) => {
    const groups = Map.groupBy(answers, ({ body }) => String(body["code"]));
    return Object.fromEntries([...groups].map(([code, members]) => [code, members.length]));
  };

  test("who submits 100 at once has exactly ten accepted", async () => {
    await anAgent(0);
    const user = await aUser({ credits: 10 * COST });
    const answers = await Promise.all(Array.from({ length: 100 }, () => generate(user)));
    expect(codesOf(answers)).toEqual({ 200: 10, E002: 90 });
    expect(await balanceOf(user)).toMatchObject({ balance: 100, freezed: 100, available: 0 });
    expect(await liveOf(user)).toHaveLength(10);
    expect(await isSound()).toEqual([]);
  });

  test("who submits, cancels and retries all at once never has more than ten, and every credit is where it belongs", async () => {
    await anAgent(0);
    const user = await aUser({ credits: 10 * COST });
    const first = await Promise.all(Array.from({ length: 10 }, () => submit(user)));
    const cancel = (taskId: string) => call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    const retry = (taskId: string) => call("POST", `/api/v1/tasks/${taskId}/retry`, { token: user.token });
    const [cancelled, submitted, retried] = await Promise.all([
      // Each twice: only one of the two may release anything.
      Promise.all(first.slice(0, 6).flatMap(({ taskId }) => [cancel(taskId), cancel(taskId)])),
      Promise.all(Array.from({ length: 50 }, () => generate(user))),
      Promise.all(first.slice(0, 6).flatMap(({ taskId }) => Array.from({ length: 7 }, () => retry(taskId)))),
    ]);
    expect(codesOf(cancelled)).toEqual({ 200: 6, 400: 6 });
    expect(Object.keys(codesOf([...submitted, ...retried])).filter((code) => !["200", "400", "E002"].includes(code))).toEqual([]);

    const accepted = (codesOf(submitted)["200"] ?? 0) + (codesOf(retried)["200"] ?? 0);
    const live = await liveOf(user);
    expect(live).toHaveLength(10 - 6 + accepted);
    expect(live.length).toBeLessThanOrEqual(10);
    expect(await balanceOf(user)).toMatchObject({ balance: 100, freezed: live.length * COST, available: 100 - live.length * COST });
    const held = await db.select({ taskId: holds.taskId }).from(holds).where(eq(holds.userId, user.id));
    const released = await db
      .select({ taskId: settlements.taskId })
      .from(settlements)
      .innerJoin(holds, eq(holds.taskId, settlements.taskId))
      .where(eq(holds.userId, user.id));
    expect([held.length, released.length]).toEqual([10 + accepted, 6]);
    expect(await isSound()).toEqual([]);

    // What was released can be spent again, to the last credit and no further.
    const more = await Promise.all(Array.from({ length: 20 }, () => generate(user)));
    expect([codesOf(more)["200"] ?? 0, codesOf(more)["E002"]]).toEqual([10 - live.length, 10 + live.length]);
  });
});

/** The numbers of a table of docs/costs.md, by its first column. */
function costs(heading: string): Record<string, number> {
  const section = costsPage.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  const lines = [...section.matchAll(/^\| `?([\w ]+?)`? +\| +(\d+) /gm)].map(([, name = "", number]) => [name, Number(number)] as const);
  return Object.fromEntries(lines);
}

// First: the triggers of the next test would be billed too.
test("an ordinary task has as many rows billed as docs/costs.md says", async () => {
  const user = await aUser();
  const { db: counted, count } = countedDatabase(env.DB);
  const [ledger, history] = [createLedger(openDatabase(counted)), createHistory(openDatabase(counted))];
  const task: NewTask = {
    id: "t2i_20200101_000000000001",
    userId: user.id,
    type: "TEXT2IMG",
    status: "PENDING",
    model: TEXT2IMG_MODEL,
    prompt: "a cat",
    parameters: {},
    cost: COST,
    pool: "public",
    shard: 0,
    attemptCount: 0,
    createTime: Date.now(),
  };
  const billed: Record<string, number> = {};
  const measure = async (what: string, write: () => Promise<unknown>) => {
    const before = count.written;
    await write();
    billed[what] = count.written - before;
  };
  const file = { fileKey: "k/0.png", thumbnailKey: "k/0_thumb.png", sizeBytes: 70, width: 1, height: 1, format: "PNG" as const };
  const end = { status: "COMPLETED" as const, results: [file], servedBy: { engine: "test", model: "test" }, notes: [] };
  await measure("submitted", () => ledger.openTask(task));
  await measure("started", () => history.recordStart(task.id, { id: "attempt-x", number: 1, agentId: "1.a", agentName: "a" }, Date.now()));
  await measure("ended", () => ledger.settleTask(task.id, "attempt-x", end, Date.now()));
  expect(billed).toEqual(costs("Billed for it"));
});

describe("an ordinary task", () => {
  /** Counts, in the database itself, every row that anybody writes from here on. */
  async function countWrites(): Promise<() => Promise<Record<string, number>>> {
    const { results } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{ name: string }>();
    const names = results.map(({ name }) => name).filter((name) => !/^(sqlite_|_cf_|d1_)|^written$/.test(name));
    await env.DB.prepare("CREATE TABLE IF NOT EXISTS written (name TEXT PRIMARY KEY, rows INTEGER NOT NULL)").run();
    const triggers = names.flatMap((name) =>
      ["INSERT", "UPDATE", "DELETE"].map((event) =>
        env.DB.prepare(`CREATE TRIGGER IF NOT EXISTS written_${event}_${name} AFTER ${event} ON ${name} BEGIN
          INSERT INTO written VALUES ('${name}', 1) ON CONFLICT DO UPDATE SET rows = rows + 1; END`),
      ),
    );
    await env.DB.batch([...triggers, env.DB.prepare("DELETE FROM written")]);
    return async () => {
      const rows = await env.DB.prepare("SELECT name, rows FROM written").all<{ name: string; rows: number }>();
      return Object.fromEntries(rows.results.map(({ name, rows: count }) => [name, count]));
    };
  }

  test.each([3, 300])("writes its row three times and what money needs, with %i steps", async (steps) => {
    const agent = await anAgent(1);
    const user = await aUser();
    const written = await countWrites();
    const { taskId } = await submit(user);
    const offer = await agent.acceptOffer();
    await untilStatus(user, taskId, "PROCESSING");
    for (let step = 1; step <= steps; step++)
      agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step, totalSteps: steps });
    agent.complete(offer, (await agent.upload(offer)).sha256);
    await untilStatus(user, taskId, "COMPLETED");
    await agent.next("ack");
    expect(await written()).toEqual(costs("An ordinary task"));
  });
});
