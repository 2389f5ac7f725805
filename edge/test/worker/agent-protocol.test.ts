import { createScheduledController, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { AGENT_SOCKET_PATH, MAX_FRAME_BYTES, PING_FRAME } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { eq } from "drizzle-orm";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { hashAgentKey } from "../../src/agents/agent-key.ts";
import { createLedger } from "../../src/billing/ledger.ts";
import { openDatabase } from "../../src/db/client.ts";
import { agentKeys, attempts, fundRecords, tasks, users } from "../../src/db/schema.ts";
import { ownerPool, PUBLIC_POOL } from "../../src/dispatch/shards/pools.ts";
import worker from "../../src/worker.ts";
import {
  aUser,
  anAgentKey,
  balanceOf,
  call,
  cancelAll,
  detailOf,
  dispatcherOf,
  SCENE_CAPABILITIES,
  submit,
  TEXT2IMG_MODEL,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { StompSocket } from "./stomp-socket.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
const ledger = createLedger(db);
let user: TestUser;
let key: string;
const agents: TestAgent[] = [];

beforeAll(async () => {
  user = await aUser();
  key = await anAgentKey(user.id);
});

afterEach(async () => {
  vi.useRealTimers();
  await cancelAll();
  for (const agent of agents.splice(0)) agent.leave();
  await untilAgents(0);
});

async function anAgent(options: Parameters<typeof TestAgent.ready>[1] = {}, withKey = key) {
  const agent = await TestAgent.ready(withKey, options);
  agents.push(agent);
  return agent;
}

/** Connected, and silent so far. */
async function aSocket(withKey = key) {
  const agent = await TestAgent.open(withKey);
  agents.push(agent);
  return agent;
}

/** Has a task accepted by the agent. */
async function aRunningTask(agent: TestAgent, who: TestUser = user) {
  const { taskId } = await submit(who);
  const offer = await agent.acceptOffer();
  await untilStatus(who, taskId, "PROCESSING");
  return { taskId, offer };
}

async function finish(agent: TestAgent, offer: Awaited<ReturnType<TestAgent["acceptOffer"]>>) {
  const { sha256 } = await agent.upload(offer);
  agent.complete(offer, sha256);
  return agent.next("ack");
}

/** A pong that the Dispatcher itself sends, because the platform's automatic one wants the exact frame: all before it has been handled. */
async function untilHandled(agent: TestAgent) {
  agent.sendRaw('{ "type": "ping" }');
  await agent.next("pong");
}

/** The cron trigger, as production fires it. */
const cron = () => worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);

/** As if that much time had passed for the Worker; timers and the platform do not notice. */
const pass = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });

const attemptsOf = (taskId: string) => db.select().from(attempts).where(eq(attempts.taskId, taskId)).orderBy(attempts.number);
const chargesOf = (taskId: string) => db.select().from(fundRecords).where(eq(fundRecords.taskId, taskId));

describe("an agent's upgrade", () => {
  const upgrade = (headers: Record<string, string>) =>
    call("GET", AGENT_SOCKET_PATH, { headers: { Upgrade: "websocket", "Accept-Language": "en", ...headers } });

  test("without a key that counts is 401 in the envelope", async () => {
    const revoked = await anAgentKey(user.id);
    await db
      .update(agentKeys)
      .set({ revokeTime: Date.now() })
      .where(eq(agentKeys.hash, await hashAgentKey(revoked)));
    const banned = await aUser();
    const keyOfBanned = await anAgentKey(banned.id);
    await db.update(users).set({ disabled: true }).where(eq(users.id, banned.id));
    const refused: Record<string, string>[] = [
      {},
      { Authorization: key },
      { Authorization: "Bearer sgk_nonsense" },
      { Authorization: `Bearer ${key}x` },
      { Authorization: `Bearer ${user.token}` },
      { Authorization: `Bearer ${revoked}` },
      { Authorization: `Bearer ${keyOfBanned}` },
      { "X-Stargraph-Agent-Key": JSON.stringify({ keyId: 1, pool: "public", origin: "http://forged" }) },
    ];
    for (const headers of refused) {
      expect(await upgrade(headers)).toMatchObject({
        status: 401,
        body: { code: 401, message: "The agent key is not valid or was revoked", requestId: expect.any(String) },
      });
    }
  });

  test("must be one: a plain GET is 400 in the envelope", async () => {
    const answer = await call("GET", AGENT_SOCKET_PATH, { token: key });
    expect(answer).toMatchObject({ status: 400, body: { code: 400, message: "此地址只接受 WebSocket" } });
  });
});

describe("hello", () => {
  test.each([
    [0, "PROTOCOL_TOO_OLD", /needs agent protocol 1 or newer; install the current agent: npx stargraph-agent@latest/],
    [2, "PROTOCOL_TOO_NEW", /speaks agent protocol 1, not 2; install an older agent or update the edge/],
  ])("of protocol %i is told what to install, and its socket closed", async (protocol, code, advice) => {
    const agent = await aSocket();
    agent.hello({ protocol });
    expect(await agent.next("error")).toMatchObject({ code, message: expect.stringMatching(advice) });
    expect(await agent.untilClosed()).toEqual({ code: 4426, reason: "agent protocol version not supported" });
    expect(agent.received.map(({ type }) => type)).toEqual(["error"]);
    expect(await dispatcherOf().connectedAgents()).toBe(0);
  });

  test("must come first", async () => {
    const agent = await aSocket();
    agent.send({ type: "ready", freeSlots: 1 });
    expect(await agent.untilClosed()).toEqual({ code: 4400, reason: "the first frame must be hello" });
  });

  test("of the same agent on a second socket closes the first, and work goes to the second", async () => {
    const first = await anAgent();
    const { taskId, offer } = await aRunningTask(first);
    const second = await anAgent({ running: [offer.attemptId] });
    expect(await first.untilClosed()).toEqual({ code: 4409, reason: "the same agent connected again" });
    expect(await dispatcherOf().connectedAgents()).toBe(1);
    expect(await finish(second, offer)).toMatchObject({ outcome: "recorded" });
    await aRunningTask(second);
    expect(await attemptsOf(taskId)).toMatchObject([{ number: 1, outcome: "COMPLETED" }]);
  });

  test("of another agent on the same socket is refused, and no ghost of the first stays", async () => {
    const agent = await anAgent({ id: "first-identity" });
    agent.hello({ id: "other-identity" });
    expect(await agent.untilClosed()).toMatchObject({ code: 4400 });
    await untilAgents(0);
  });

  test("with an attempt that is nobody's is told to stop it", async () => {
    const agent = await anAgent({ running: ["no-such-attempt"] });
    expect(await agent.next("cancel")).toEqual({ type: "cancel", attemptId: "no-such-attempt" });
  });
});

describe("a broken frame", () => {
  const frames: [string, string | ArrayBuffer, RegExp][] = [
    ["half a JSON text", '{"type":', /^not JSON$/],
    ["no JSON at all", "hello?", /^not JSON$/],
    ["nothing", "", /^not JSON$/],
    ["JSON nested out of all reason", "[".repeat(100_000), /^not JSON$/],
    ["a list", "[]", /^no message type$/],
    ["null", "null", /^no message type$/],
    ["a type that is no text", '{"type":{"toString":1}}', /^no message type$/],
    ["a message without its fields", '{"type":"ready"}', /^ready\.freeSlots: /],
    ["a negative count", '{"type":"ready","freeSlots":-1}', /^ready\.freeSlots: /],
    ["half a slot", '{"type":"ready","freeSlots":0.5}', /^ready\.freeSlots: /],
    ["a phase that is none", '{"type":"progress","attemptId":"a","phase":"flying","step":1,"totalSteps":1}', /^progress\.phase: /],
    [
      "a result without files",
      '{"type":"completed","attemptId":"a","files":[],"servedBy":{"engine":"","model":""},"notes":[]}',
      /^completed\.files: /,
    ],
    ["bytes", new Uint8Array(new TextEncoder().encode('{"type":"ping"}')).buffer, /^not a text frame$/],
    ["too much", JSON.stringify({ type: "ready", freeSlots: 1, x: "x".repeat(MAX_FRAME_BYTES) }), /^frame too large$/],
  ];

  test("closes its socket with a reason, and another agent's task goes on undisturbed", async () => {
    const steady = await anAgent({ id: "steady-agent" });
    const { taskId, offer } = await aRunningTask(steady);
    for (const [title, bytes, reason] of frames) {
      const agent = await anAgent({ id: "broken-agent" });
      agent.sendRaw(bytes);
      expect(await agent.untilClosed(), `${title}`).toEqual({ code: 4400, reason: expect.stringMatching(reason) });
    }
    steady.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 15, totalSteps: 30 });
    await expect.poll(async () => (await detailOf(user, taskId))["progress"]).toBe(50);
    expect(await finish(steady, offer)).toMatchObject({ outcome: "recorded" });
    expect(steady.received.map(({ type }) => type)).toEqual(["welcome", "offer", "ack"]);
    expect(await dispatcherOf().connectedAgents()).toBe(1);
  });

  test("is the last that is heard of its socket, and costs its agent no attempt when it comes back", async () => {
    const agent = await anAgent();
    const { taskId, offer } = await aRunningTask(agent);
    agent.sendRaw("broken");
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 29, totalSteps: 30 });
    agent.send({ type: "ready", freeSlots: 2 });
    await agent.untilClosed();
    await untilAgents(0);
    const again = await anAgent({ running: [offer.attemptId] });
    await untilHandled(again);
    expect(await detailOf(user, taskId)).toMatchObject({ progress: 0, phase: "queued" });
    expect(await finish(again, offer)).toMatchObject({ outcome: "recorded" });
    expect(await attemptsOf(taskId)).toHaveLength(1);
  });
});

describe("a frame", () => {
  test("of a type that a newer agent may know is ignored, and so are unknown fields", async () => {
    const agent = await anAgent({ capabilities: { ...SCENE_CAPABILITIES, colour: "red" } as typeof SCENE_CAPABILITIES });
    agent.sendRaw('{"type":"weather","temperature":65}');
    agent.sendRaw('{"type":"constructor"}');
    agent.sendRaw('{"type":"ready","freeSlots":2,"mood":"good","__proto__":{"freeSlots":0}}');
    const { taskId, offer } = await aRunningTask(agent);
    expect(await finish(agent, offer)).toMatchObject({ outcome: "recorded" });
    await untilStatus(user, taskId, "COMPLETED");
    expect(agent.closed).toBeNull();
  });

  test("that pings is answered, the usual one without waking the Dispatcher", async () => {
    const agent = await anAgent();
    await untilHandled(agent);
    await evictDurableObject(dispatcherOf());
    agent.sendRaw(PING_FRAME);
    expect(await agent.next("pong")).toEqual({ type: "pong" });
    await expect(evictDurableObject(dispatcherOf())).rejects.toThrow("not currently running");
  });

  test("is answered by how the agent stands, when that has changed", async () => {
    const agent = await anAgent();
    const untilTold = (standing: object) => expect.poll(() => agent.standings.at(-1), { timeout: 4000 }).toEqual(standing);
    await untilTold({ type: "standing", state: "serving", idleBecause: "No task is waiting", waitingTasks: 0 });
    const before = agent.standings.length;
    await aRunningTask(agent);
    await untilTold({ type: "standing", state: "serving", waitingTasks: 0 });
    expect(agent.standings).toHaveLength(before + 1);
  });

  test("about somebody else's attempt changes nothing", async () => {
    const holder = await anAgent({ id: "holder-agent" });
    const { taskId, offer } = await aRunningTask(holder);
    holder.send({ type: "ready", freeSlots: 0 });
    const thief = await anAgent({ id: "thief-agent" });
    thief.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 29, totalSteps: 30 });
    expect(await thief.next("cancel")).toMatchObject({ attemptId: offer.attemptId });
    thief.send({ type: "failed", attemptId: offer.attemptId, error: "INTERNAL", message: "", retryable: false });
    expect(await thief.next("ack")).toMatchObject({ outcome: "refused" });
    thief.send({ type: "stopped", attemptId: offer.attemptId });
    await untilHandled(thief);
    expect(await detailOf(user, taskId)).toMatchObject({ status: "PROCESSING", progress: 0 });
    expect(await finish(holder, offer)).toMatchObject({ outcome: "recorded" });
  });
});

describe("an agent whose key nobody trusts", () => {
  test("serves its owner's tasks, before public agents do, and nobody else's", async () => {
    const owner = await aUser();
    const own = await anAgent({ id: "owners-own-box" }, await anAgentKey(owner.id, { trusted: false }));
    // Public agents that left a minute ago still count as on their way back.
    pass(DEFAULTS.agentSeenMs + 1);
    const stranger = await call("POST", "/api/v1/generate/text2img", { token: user.token, json: { prompt: "a secret" } });
    vi.useRealTimers();
    expect(stranger).toMatchObject({ status: 503, body: { code: "E007" } });

    const open = await anAgent({ id: "public-agent" });
    const { offer: publicOffer } = await aRunningTask(open);
    const { taskId, offer } = await aRunningTask(own, owner);
    expect(await finish(own, offer)).toMatchObject({ outcome: "recorded" });
    await finish(open, publicOffer);
    await untilStatus(owner, taskId, "COMPLETED");
    expect(own.received.filter(({ type }) => type === "offer")).toEqual([offer]);
    expect(open.received.filter(({ type }) => type === "offer")).toEqual([publicOffer]);

    own.leave();
    await untilAgents(0, ownerPool(owner.id));
  });

  test("leaves its owner to public agents while it cannot run the model", async () => {
    const owner = await aUser();
    const own = await anAgent(
      { id: "small-box-1", capabilities: { slots: 1, models: [] } },
      await anAgentKey(owner.id, { trusted: false }),
    );
    const open = await anAgent({ id: "public-agent" });
    const { offer } = await aRunningTask(open, owner);
    expect(await finish(open, offer)).toMatchObject({ outcome: "recorded" });
    expect(own.received.map(({ type }) => type)).toEqual(["welcome"]);
  });
});

describe("an offer", () => {
  test("that is not accepted in time is withdrawn, and its agent left alone until it is ready", async () => {
    const agent = await anAgent();
    const { taskId } = await submit(user);
    const ignored = await agent.next("offer");
    pass(DEFAULTS.offerMs + 1);
    expect(await runDurableObjectAlarm(dispatcherOf())).toBe(true);
    expect(await agent.next("cancel")).toEqual({ type: "cancel", attemptId: ignored.attemptId });
    expect(await detailOf(user, taskId)).toMatchObject({ status: "PENDING", queuePosition: 1 });

    // Too late: the offer is nobody's any more.
    agent.send({ type: "accepted", attemptId: ignored.attemptId });
    expect(await agent.next("cancel")).toMatchObject({ attemptId: ignored.attemptId });
    await untilHandled(agent);
    expect(agent.received.filter(({ type }) => type === "offer")).toHaveLength(1);

    agent.send({ type: "ready", freeSlots: 1 });
    const offer = await agent.acceptOffer();
    expect(offer.attemptId).not.toBe(ignored.attemptId);
    await finish(agent, offer);
    expect(await attemptsOf(taskId)).toMatchObject([{ id: offer.attemptId, number: 1, outcome: "COMPLETED" }]);
  });

  test("that is not answered by one agent goes to another", async () => {
    const deaf = await anAgent({ id: "agent-deaf" });
    const { taskId } = await submit(user);
    await deaf.next("offer");
    const other = await anAgent({ id: "agent-other" });
    pass(DEFAULTS.offerMs + 1);
    await runDurableObjectAlarm(dispatcherOf());
    const offer = await other.acceptOffer();
    await finish(other, offer);
    expect(await attemptsOf(taskId)).toMatchObject([{ id: offer.attemptId, agentName: "agent-other", outcome: "COMPLETED" }]);
  });

  test("is not made for a task that was cancelled behind the Dispatcher's back", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    await untilHandled(agent);
    const { taskId: cancelled } = await submit(user);
    const { taskId } = await submit(user);
    await ledger.settleTask(cancelled, null, { status: "CANCELLED" }, Date.now());
    agent.send({ type: "ready", freeSlots: 1 });
    const offer = await agent.acceptOffer();
    await finish(agent, offer);
    await untilStatus(user, taskId, "COMPLETED");
    expect(await attemptsOf(cancelled)).toEqual([]);
  });
});

describe("an attempt", () => {
  test("goes on when the Dispatcher was evicted in the middle, and its sockets sleep", async () => {
    const agent = await anAgent();
    const { taskId } = await submit(user);
    await evictDurableObject(dispatcherOf());
    const offer = await agent.next("offer");
    await vi.waitFor(() => evictDurableObject(dispatcherOf()), { timeout: 200 }).catch(() => {});
    agent.send({ type: "accepted", attemptId: offer.attemptId });
    await untilStatus(user, taskId, "PROCESSING");
    await evictDurableObject(dispatcherOf(), { webSockets: "hibernate" });
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 10, totalSteps: 30 });
    await expect.poll(async () => (await detailOf(user, taskId))["progress"]).toBe(33);
    const { sha256 } = await agent.upload(offer);
    await evictDurableObject(dispatcherOf());
    agent.complete(offer, sha256);
    expect(await agent.next("ack")).toMatchObject({ outcome: "recorded" });
    await untilStatus(user, taskId, "COMPLETED");
    expect(await chargesOf(taskId)).toHaveLength(1);
  });

  test("goes on when the Dispatcher was restarted, its sockets are gone and the agent came back", async () => {
    const agent = await anAgent();
    const { taskId, offer } = await aRunningTask(agent);
    await evictDurableObject(dispatcherOf(), { webSockets: "close" });
    await agent.untilClosed();
    expect(await dispatcherOf().connectedAgents()).toBe(0);
    const again = await anAgent({ running: [offer.attemptId] });
    expect(await finish(again, offer)).toMatchObject({ outcome: "recorded" });
    expect(await attemptsOf(taskId)).toHaveLength(1);
  });

  test("is lost when its agent was silent past lease and grace, and the task goes to another agent", async () => {
    const silent = await anAgent({ id: "silent-agent" });
    const { taskId, offer: lost } = await aRunningTask(silent);
    silent.cut();
    await untilAgents(0);
    pass(DEFAULTS.leaseMs + 1000);
    await runDurableObjectAlarm(dispatcherOf());
    expect(await detailOf(user, taskId)).toMatchObject({ status: "PROCESSING" });
    pass(DEFAULTS.graceMs + 1000);
    await runDurableObjectAlarm(dispatcherOf());
    await untilStatus(user, taskId, "PENDING");
    const other = await anAgent({ id: "other-agent" });
    const offer = await other.acceptOffer();
    await finish(other, offer);
    expect(await attemptsOf(taskId)).toMatchObject([
      { id: lost.attemptId, outcome: "LOST" },
      { id: offer.attemptId, outcome: "COMPLETED" },
    ]);
    expect(await chargesOf(taskId)).toHaveLength(1);
  });

  test("that began anew does not show how far the last one was", async () => {
    const agent = await anAgent();
    const { taskId, offer } = await aRunningTask(agent);
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 15, totalSteps: 30 });
    await expect.poll(async () => (await detailOf(user, taskId))["progress"]).toBe(50);
    agent.send({ type: "failed", attemptId: offer.attemptId, error: "INTERNAL", message: "out of memory", retryable: true });
    agent.send({ type: "ready", freeSlots: 2 });
    const next = await agent.acceptOffer();
    await untilHandled(agent);
    await untilStatus(user, taskId, "PROCESSING");
    expect(await detailOf(user, taskId)).toMatchObject({ progress: 0, phase: "queued" });
    await finish(agent, next);
  });
});

test("a task that waits for the agent with its model takes another one after two loads, though the Dispatcher was evicted meanwhile", async () => {
  const LOAD_MS = 20_000;
  const one = { ...SCENE_CAPABILITIES, slots: 1 };
  // Not their owner: a user's own box is not kept waiting.
  const other = await aUser();
  const busy = await anAgent({ id: "busy-agent", capabilities: one });
  const { offer } = await aRunningTask(busy, other);
  pass(LOAD_MS);
  busy.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 1, totalSteps: 30 });
  const idle = await anAgent({ id: "idle-agent", capabilities: one });
  await untilHandled(busy);
  const { taskId } = await submit(other);
  expect(await detailOf(other, taskId)).toMatchObject({ status: "PENDING", waitingFor: { code: "FREE_SLOT" } });
  await untilHandled(idle);
  await evictDurableObject(dispatcherOf(), { webSockets: "hibernate" });
  await runDurableObjectAlarm(dispatcherOf());
  expect(await detailOf(other, taskId)).toMatchObject({ status: "PENDING", waitingFor: { code: "FREE_SLOT" } });
  pass(2 * LOAD_MS + 5_000);
  await runDurableObjectAlarm(dispatcherOf());
  const second = await idle.acceptOffer();
  await Promise.all([finish(busy, offer), finish(idle, second)]);
});

describe("the cron trigger", () => {
  /** A task as the Worker leaves it in D1 when it dies before it could tell the Dispatcher. */
  async function aForgottenTask() {
    const template = await submit(user);
    const [row] = await db.select().from(tasks).where(eq(tasks.id, template.taskId));
    const id = `t2i_20260101_${String(Math.random()).slice(2, 18)}`;
    await call("DELETE", `/api/v1/tasks/${template.taskId}`, { token: user.token });
    expect(await ledger.openTask({ ...row!, id, status: "PENDING", createTime: Date.now() - 10_000 })).toBe("opened");
    return id;
  }

  test("hands over a task that its Worker could not, once", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    await untilHandled(agent);
    const before = await balanceOf(user);
    const taskId = await aForgottenTask();
    await cron();
    await cron();
    expect(await detailOf(user, taskId)).toMatchObject({ status: "PENDING", queuePosition: 1 });
    agent.send({ type: "ready", freeSlots: 2 });
    const offer = await agent.acceptOffer();
    expect(offer.task).toMatchObject({ type: "TEXT2IMG", parameters: { prompt: "a cat", modelName: TEXT2IMG_MODEL } });
    await finish(agent, offer);
    await untilStatus(user, taskId, "COMPLETED");
    expect(agent.received.filter(({ type }) => type === "offer")).toHaveLength(1);
    expect(await balanceOf(user)).toMatchObject({ balance: Number(before["balance"]) - 10, freezed: 0 });
  });

  test("stops a task that was cancelled while the Dispatcher could not be told, and tells its user", async () => {
    const agent = await anAgent();
    const { taskId, offer } = await aRunningTask(agent);
    const other = await aRunningTask(agent);
    const socket = await StompSocket.connected(user.token);
    await socket.subscribe("/user/topic/result");
    await ledger.settleTask(taskId, null, { status: "CANCELLED" }, Date.now());
    await cron();
    expect(await agent.next("cancel")).toEqual({ type: "cancel", attemptId: offer.attemptId });
    await expect.poll(() => socket.messages()).toContainEqual({ type: "result", taskId, status: "CANCELLED", results: [], stopping: true });
    expect(await detailOf(user, taskId)).toMatchObject({ status: "CANCELLED", stopping: true });
    agent.send({ type: "stopped", attemptId: offer.attemptId });
    await expect.poll(async () => (await detailOf(user, taskId))["stopping"]).toBeUndefined();
    expect(await finish(agent, other.offer)).toMatchObject({ outcome: "recorded" });
    socket.close();
  });

  test("is not needed for that: the Dispatcher's own alarm asks too, were it the only task", async () => {
    const agent = await anAgent();
    const { taskId, offer } = await aRunningTask(agent);
    await ledger.settleTask(taskId, null, { status: "CANCELLED" }, Date.now());
    pass(DEFAULTS.leaseMs + 1);
    await runDurableObjectAlarm(dispatcherOf());
    expect(await agent.next("cancel")).toEqual({ type: "cancel", attemptId: offer.attemptId });
  });

  test("of one pool is not kept waiting by the trouble of another", async () => {
    const agent = await anAgent();
    agent.send({ type: "ready", freeSlots: 0 });
    await untilHandled(agent);
    const broken = await aForgottenTask();
    await db.update(tasks).set({ pool: "owner-0", parameters: {} }).where(eq(tasks.id, broken));
    const taskId = await aForgottenTask();
    await cron();
    expect(await detailOf(user, taskId)).toMatchObject({ queuePosition: 1 });
    for (const id of [broken, taskId]) await call("DELETE", `/api/v1/tasks/${id}`, { token: user.token });
  });
});

describe("a Dispatcher that lost its storage", () => {
  /** Everything it knew is gone; the sockets sleep on. */
  async function loseStorage() {
    await runInDurableObject(dispatcherOf(PUBLIC_POOL), (_, { storage }) => storage.deleteAll());
    await evictDurableObject(dispatcherOf(PUBLIC_POOL));
  }

  test("is rebuilt from D1 by the cron trigger: what ran completes, what waited is offered", async () => {
    const agent = await anAgent({ capabilities: { ...SCENE_CAPABILITIES, slots: 1 } });
    const { taskId, offer } = await aRunningTask(agent);
    const { taskId: waiting } = await submit(user);
    await loseStorage();
    pass(10_000);
    await cron();
    await agent.untilClosed();
    const again = await anAgent({ running: [offer.attemptId], capabilities: { ...SCENE_CAPABILITIES, slots: 1 } });
    expect(await finish(again, offer)).toMatchObject({ outcome: "recorded" });
    await untilStatus(user, taskId, "COMPLETED");
    expect(await attemptsOf(taskId)).toMatchObject([{ id: offer.attemptId, outcome: "COMPLETED" }]);
    again.send({ type: "ready", freeSlots: 1 });
    await finish(again, await again.acceptOffer());
    await untilStatus(user, waiting, "COMPLETED");
  });

  test("takes back an attempt whose agent was there before the cron trigger", async () => {
    const agent = await anAgent();
    const { taskId, offer } = await aRunningTask(agent);
    await loseStorage();
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 15, totalSteps: 30 });
    await agent.untilClosed();
    const again = await anAgent({ running: [offer.attemptId] });
    await untilHandled(again);
    expect(again.received.filter(({ type }) => type === "cancel")).toEqual([]);
    expect(await finish(again, offer)).toMatchObject({ outcome: "recorded" });
    expect(await attemptsOf(taskId)).toHaveLength(1);
  });
});
