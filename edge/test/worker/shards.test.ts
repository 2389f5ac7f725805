import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { AGENT_ID_HEADER } from "@star-graph/shared/agent-protocol";
import { eq } from "drizzle-orm";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { app } from "../../src/app.ts";
import { openDatabase } from "../../src/db/client.ts";
import { agentKeys, tasks } from "../../src/db/schema.ts";
import { ownerPool, PUBLIC_POOL, shardOfAgent } from "../../src/dispatch/shards/pools.ts";
import worker from "../../src/worker.ts";
import {
  anAgentKey,
  aUser,
  call,
  cancelAll,
  dataOf,
  detailOf,
  dispatcherOf,
  ORIGIN,
  SCENE_CAPABILITIES,
  submit,
  TEXT2IMG_MODEL,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
/** A Worker whose public pool has two shards. */
const SHARDED = { ...env, SHARDS: `${PUBLIC_POOL}=2` };
const COUNTS = new Map([[PUBLIC_POOL, 2]]);
const OTHER_MODEL = "stable-diffusion-v1-5";
const offering = (name: string) => ({ slots: 1, models: [{ name, types: ["TEXT2IMG" as const], engine: "test" }] });

let user: TestUser;
let key: string;
let keyId: number;
const agents: TestAgent[] = [];

beforeAll(async () => {
  user = await aUser({ role: "ADMIN" });
  key = await anAgentKey(user.id);
  keyId = Number((await db.select({ id: agentKeys.id }).from(agentKeys).where(eq(agentKeys.userId, user.id)).get())?.id);
});

afterEach(async () => {
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  // Forgotten altogether: one that was here a moment ago is still somebody to wait for.
  for (const shard of [0, 1]) await dispatcherOf(PUBLIC_POOL, shard).dismissKeys([keyId], 1000, "end of test");
});

const send = async (request: Request) => app.fetch(request, SHARDED, createExecutionContext());
async function ask(method: string, path: string, json?: unknown) {
  const headers = { Authorization: `Bearer ${user.token}`, "Content-Type": "application/json" };
  const response = await send(
    new Request(`${ORIGIN}${path}`, { method, headers, ...(json !== undefined && { body: JSON.stringify(json) }) }),
  );
  const body: { data: Record<string, unknown> } = await response.json();
  return { status: response.status, ...body };
}
const generate = async (modelName = TEXT2IMG_MODEL) =>
  String((await ask("POST", "/api/v1/generate/text2img", { prompt: "a cat", modelName })).data["taskId"]);
const sweep = () => worker.scheduled(createScheduledController({ cron: "* * * * *" }), SHARDED);
const placeOf = async (taskId: string) => {
  const row = await db.select({ pool: tasks.pool, shard: tasks.shard }).from(tasks).where(eq(tasks.id, taskId)).get();
  return `${row?.pool}#${row?.shard}`;
};

/** An id that is spread to that shard. */
const idFor = (shard: number, name: string): string =>
  Array.from({ length: 100 }, (_, n) => `${name}-agent-${n}`).find(
    (id) => shardOfAgent(COUNTS, PUBLIC_POOL, `${keyId}.${id}`).shard === shard,
  ) ?? "";

async function anAgent(shard: number, capabilities = SCENE_CAPABILITIES, name = "box") {
  const id = idFor(shard, name);
  const agent = await TestAgent.open(key, (request) => {
    const named = new Request(request);
    named.headers.set(AGENT_ID_HEADER, id);
    return send(named);
  });
  agents.push(agent);
  agent.hello({ id, capabilities });
  await agent.next("welcome");
  agent.send({ type: "ready", freeSlots: capabilities.slots });
  return agent;
}

async function finish(agent: TestAgent, taskId: string): Promise<void> {
  const offer = await agent.acceptOffer();
  await untilStatus(user, taskId, "PROCESSING");
  agent.complete(offer, (await agent.upload(offer)).sha256);
  await untilStatus(user, taskId, "COMPLETED");
}

describe("a pool with two shards", () => {
  test("gives each task to the shard with an agent for it, and serves it there to the end", async () => {
    const [first, second] = [await anAgent(0), await anAgent(1, offering(OTHER_MODEL))];
    const [here, there] = [await generate(TEXT2IMG_MODEL), await generate(OTHER_MODEL)];
    expect([await placeOf(here), await placeOf(there)]).toEqual(["public#0", "public#1"]);
    await Promise.all([finish(first, here), finish(second, there)]);
    expect((await ask("GET", "/health")).data).toMatchObject({ agents: 2 });
    expect((await ask("GET", "/api/v1/admin/fleet")).data).toMatchObject({ agents: 2, slots: 3 });
  });

  test("answers for tasks of all its shards, and cancels each where it is", async () => {
    const second = await anAgent(1, offering(OTHER_MODEL), "far");
    const running = await generate(OTHER_MODEL);
    const offer = await second.acceptOffer();
    const waiting = await generate(OTHER_MODEL);
    await untilStatus(user, running, "PROCESSING");
    const listed = (await ask("GET", "/api/v1/tasks?pageSize=2")).data as { content: { id: string }[] };
    expect(listed.content.map(({ id }) => id).toSorted()).toEqual([running, waiting].toSorted());
    expect(await detailOf(user, waiting)).toMatchObject({ waitingFor: { code: "FREE_SLOT" } });
    await ask("DELETE", `/api/v1/tasks/${running}`);
    expect(await second.next("cancel")).toEqual({ type: "cancel", attemptId: offer.attemptId });
    const agentId = `${keyId}.${idFor(1, "far")}`;
    expect((await ask("POST", `/api/v1/resources/agents/${agentId}/pause`)).status).toBe(200);
    expect(await dispatcherOf(PUBLIC_POOL, 1).fleet()).toMatchObject([{ agentId, state: "paused" }]);
  });

  test("moves what waits to a shard with an agent for it once its own has none, and what runs never", async () => {
    const first = await anAgent(0, { ...SCENE_CAPABILITIES, slots: 1 }, "old");
    const running = await generate();
    const offer = await first.acceptOffer();
    await untilStatus(user, running, "PROCESSING");
    const waiting = await generate();
    await sweep();
    expect([await placeOf(running), await placeOf(waiting)]).toEqual(["public#0", "public#0"]);

    const second = await anAgent(1, SCENE_CAPABILITIES, "new");
    await ask("POST", `/api/v1/resources/agents/${keyId}.${idFor(0, "old")}/pause`);
    await sweep();
    expect([await placeOf(running), await placeOf(waiting)]).toEqual(["public#0", "public#1"]);
    await finish(second, waiting);
    first.complete(offer, (await first.upload(offer)).sha256);
    await untilStatus(user, running, "COMPLETED");
    expect(await dispatcherOf(PUBLIC_POOL, 0).liveTasks([running, waiting])).toEqual({});
    await ask("POST", `/api/v1/resources/agents/${keyId}.${idFor(0, "old")}/resume`);
  });

  test("that has fewer shards than before is emptied of what waits in the others", async () => {
    const second = await anAgent(1, offering(OTHER_MODEL), "last");
    second.send({ type: "ready", freeSlots: 0 });
    const waiting = await generate(OTHER_MODEL);
    expect(await placeOf(waiting)).toBe("public#1");
    second.leave();
    await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
    expect(await placeOf(waiting)).toBe("public#0");
    await finish(await anAgent(0, offering(OTHER_MODEL), "kept"), waiting);
  });
});

describe("tasks that wait in an owner's own pool", () => {
  test("go to the public pool as soon as their owner's last key is trusted with it", async () => {
    const owner = await aUser();
    const ownKey = await anAgentKey(owner.id, { trusted: false });
    const own = await TestAgent.ready(ownKey, { id: "own-agent-1" });
    own.send({ type: "ready", freeSlots: 0 });
    const { taskId } = await submit(owner);
    expect(await placeOf(taskId)).toBe(`${ownerPool(owner.id)}#0`);
    const { id } = (await db.select({ id: agentKeys.id }).from(agentKeys).where(eq(agentKeys.userId, owner.id)).get()) ?? { id: 0 };
    const trusted = await call("PATCH", `/api/v1/admin/agent-keys/${id}`, { token: user.token, json: { trusted: true } });
    expect(trusted.status).toBe(200);
    expect(await own.untilClosed()).toMatchObject({ code: 1012 });
    expect(await placeOf(taskId)).toBe("public#0");

    const again = await TestAgent.ready(ownKey, { id: "own-agent-1" });
    agents.push(again);
    const offer = await again.acceptOffer();
    again.complete(offer, (await again.upload(offer)).sha256);
    await untilStatus(owner, taskId, "COMPLETED");
    expect(dataOf(await call("GET", "/api/v1/users/balance", { token: owner.token }))).toMatchObject({ balance: 990, freezed: 0 });
    await untilAgents(0, ownerPool(owner.id));
  });
});
