import { createScheduledController, evictDurableObject, runDurableObjectAlarm, runInDurableObject, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { app } from "../../src/app.ts";
import { openDatabase } from "../../src/db/client.ts";
import { Dispatcher } from "../../src/dispatch/dispatcher.ts";
import { blockedWords, holds, idempotencyKeys, tasks, users } from "../../src/db/schema.ts";
import { PNG } from "../../src/inputs/testing/pictures.ts";
import worker from "../../src/worker.ts";
import {
  aUser,
  anAgentKey,
  balanceOf,
  call,
  cancelAll,
  dataOf,
  detailOf,
  dispatcherOf,
  ORIGIN,
  SCENE_CAPABILITIES,
  submit,
  type TestUser,
  untilAgents,
  untilStatus,
} from "./system-of-one.ts";
import { TestAgent } from "./test-agent.ts";

const db = openDatabase(env.DB);
const TEXT2IMG = "/api/v1/generate/text2img";
const HOUR_MS = 3_600_000;

let user: TestUser;
/** Able to do everything; it asks for work when a test says so. */
let agent: TestAgent;

beforeAll(async () => {
  user = await aUser({ credits: 100_000 });
  agent = await TestAgent.ready(await anAgentKey(user.id), { capabilities: { ...SCENE_CAPABILITIES, slots: 8 } });
  agent.send({ type: "ready", freeSlots: 0 });
});

afterEach(async () => {
  vi.restoreAllMocks();
  if (!agent.closed) agent.send({ type: "ready", freeSlots: 0 });
  await cancelAll();
});

afterAll(async () => {
  agent.leave();
  await untilAgents(0);
});

const post = (path: string, json: unknown, headers: Record<string, string> = {}, who = user) =>
  call("POST", path, { token: who.token, json, headers });
const tasksOf = (who: TestUser) => db.select().from(tasks).where(eq(tasks.userId, who.id));
const hubOf = (who: TestUser) => env.USER_HUB.get(env.USER_HUB.idFromName(String(who.id)));

/** The agent takes the next offer. */
async function take() {
  agent.send({ type: "ready", freeSlots: 1 });
  return agent.acceptOffer();
}

/** The agent takes the next offer and finishes it. */
async function draw() {
  const offer = await take();
  const { sha256 } = await agent.upload(offer);
  agent.complete(offer, sha256);
  await agent.next("ack");
}

describe("a repeated request", () => {
  const body = { prompt: "a cat", seed: 7 };

  test("with the same key and body is answered the same, and makes one task", async () => {
    const who = await aUser();
    const first = await post(TEXT2IMG, body, { "Idempotency-Key": "order-1" }, who);
    expect(first.status).toBe(200);
    // Defaults and the order of fields make no other body.
    const again = await post(TEXT2IMG, { seed: 7, batchSize: 1, prompt: "a cat" }, { "Idempotency-Key": "order-1" }, who);
    expect(dataOf(again)).toEqual(dataOf(first));
    expect(await tasksOf(who)).toHaveLength(1);
    expect(await balanceOf(who)).toMatchObject({ freezed: 10 });
    // Another user's key is another key.
    expect(dataOf(await post(TEXT2IMG, body, { "Idempotency-Key": "order-1" }))).not.toEqual(dataOf(first));
  });

  test("made ten times at once makes one task and one hold, and all learn its id", async () => {
    const who = await aUser();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(TEXT2IMG, body, { "Idempotency-Key": "order-2" }, who)));
    expect(new Set(answers.map((answer) => dataOf(answer)["taskId"])).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(await tasksOf(who)).toHaveLength(1);
    expect(await db.select().from(holds).where(eq(holds.userId, who.id))).toHaveLength(1);
  });

  test("with another body or on another route is a bad request", async () => {
    const headers = { "Idempotency-Key": "order-3", "Accept-Language": "en" };
    const first = await post(TEXT2IMG, body, headers);
    const answers = [
      await post(TEXT2IMG, { ...body, seed: 8 }, headers),
      await post("/api/v1/generate/batch", { tasks: [{ type: "TEXT2IMG", ...body }] }, headers),
      await post(`/api/v1/tasks/${String(dataOf(first)["taskId"])}/retry`, {}, headers),
    ];
    for (const { status, body: told } of answers) {
      expect([status, told["code"], told["message"]]).toEqual([400, 400, "This Idempotency-Key was used for another request"]);
    }
    expect((await post(TEXT2IMG, body, { "Idempotency-Key": "two words" })).status).toBe(400);
  });

  test("that was refused is tried again, and one of yesterday is a new one", async () => {
    const who = await aUser({ credits: 0 });
    const headers = { "Idempotency-Key": "order-4" };
    expect((await post(TEXT2IMG, body, headers, who)).body["code"]).toBe("E002");
    expect(await db.select().from(idempotencyKeys).where(eq(idempotencyKeys.userId, who.id))).toEqual([]);
    const first = dataOf(await post(TEXT2IMG, body, headers));
    const mine = and(eq(idempotencyKeys.userId, user.id), eq(idempotencyKeys.key, "order-4"));
    await db
      .update(idempotencyKeys)
      .set({ createTime: Date.now() - 24 * HOUR_MS })
      .where(mine);
    const second = dataOf(await post(TEXT2IMG, body, headers));
    expect(second["taskId"]).not.toBe(first["taskId"]);
    expect(dataOf(await post(TEXT2IMG, body, headers))).toEqual(second);
    await db
      .update(idempotencyKeys)
      .set({ createTime: Date.now() - 24 * HOUR_MS })
      .where(mine);
    await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
    expect(await db.select().from(idempotencyKeys).where(mine)).toEqual([]);
  });

  test("of a retry makes one new task", async () => {
    const { taskId } = await submit(user);
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    const headers = { "Idempotency-Key": "retry-1" };
    const answers = await Promise.all([1, 2].map(() => post(`/api/v1/tasks/${taskId}/retry`, {}, headers)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(dataOf(answers[0]!)).toEqual(dataOf(answers[1]!));
    // Another task's retry is another request.
    const other = await submit(user);
    await call("DELETE", `/api/v1/tasks/${other.taskId}`, { token: user.token });
    const refused = await post(`/api/v1/tasks/${other.taskId}/retry`, {}, { ...headers, "Accept-Language": "en" });
    expect([refused.status, refused.body["message"]]).toEqual([400, "This Idempotency-Key was used for another request"]);
  });
});

describe("a quote", () => {
  const quote = (json: object, who = user) => post("/api/v1/generate/quote", json, { "Accept-Language": "en" }, who);

  test("says price and time as the submission would, and stores nothing", async () => {
    const who = await aUser();
    const body = { type: "TEXT2IMG", prompt: "a cat", width: 512, height: 512 };
    const told = dataOf(await quote(body, who));
    expect(told).toMatchObject({ cost: 3, isAdmitted: true, queuePosition: expect.any(Number), estimatedTime: expect.any(Number) });
    expect(await tasksOf(who)).toEqual([]);
    expect(await balanceOf(who)).toMatchObject({ freezed: 0 });
    const { cost, queuePosition, estimatedTime } = told;
    expect(dataOf(await post(TEXT2IMG, body, {}, who))).toMatchObject({ cost, queuePosition, estimatedTime });
  });

  test("says why the task would not be taken now", async () => {
    const poor = await aUser({ credits: 5 });
    expect(dataOf(await quote({ type: "TEXT2IMG", prompt: "a cat" }, poor))).toMatchObject({
      cost: 10,
      isAdmitted: false,
      refusal: { code: "E002", message: "Not enough credits" },
    });
    const video = dataOf(await quote({ type: "TEXT2VIDEO", prompt: "a cat" }));
    expect(video).toEqual({ cost: 30, isAdmitted: false, refusal: { code: "E007", message: "No GPU can run this now" } });
  });

  test("of a request that is wrong is refused as the request would be", async () => {
    expect((await quote({ type: "TEXT2IMG" })).body["data"]).toMatchObject({ issues: [{ path: "prompt" }] });
    expect((await quote({ type: "SONG", prompt: "la" })).body["data"]).toMatchObject({ issues: [{ path: "type" }] });
    expect((await quote({ type: "IMG2IMG", prompt: "a cat" })).status).toBe(400);
  });
});

describe("a batch", () => {
  const aTask = (over: object = {}) => ({ type: "TEXT2IMG", prompt: "a cat", ...over });
  const send = (tasksToDo: unknown[], headers: Record<string, string> = {}, who = user) =>
    post("/api/v1/generate/batch", { tasks: tasksToDo }, { "Accept-Language": "en", ...headers }, who);
  type Results = {
    accepted: number;
    results: { code: number | string; message: string; data?: { taskId: string; cost: number; issues?: { path: string }[] } }[];
  };

  test("holds and answers each task by itself, and one that is refused keeps no other", async () => {
    const who = await aUser({ credits: 25 });
    const answer = await send([aTask(), aTask({ type: "TEXT2VIDEO" }), aTask(), aTask(), aTask({ width: 512, height: 512 })], {}, who);
    expect(answer.status).toBe(200);
    const { accepted, results } = dataOf<Results>(answer);
    expect(results.map(({ code }) => code)).toEqual([200, "E007", 200, "E002", 200]);
    expect(accepted).toBe(3);
    expect(results[0]).toMatchObject({ message: "Task created", data: { cost: 10, taskId: expect.stringMatching(/^t2i_/) } });
    expect(results[3]).toEqual({ code: "E002", message: "Not enough credits" });
    expect(await balanceOf(who)).toMatchObject({ balance: 25, freezed: 23 });
  });

  test("that is repeated is answered the same for what was taken, and tries again what was not", async () => {
    const who = await aUser({ credits: 10 });
    const key = { "Idempotency-Key": "batch-1" };
    const first = dataOf<Results>(await send([aTask(), aTask()], key, who));
    expect(first.results.map(({ code }) => code)).toEqual([200, "E002"]);
    const again = dataOf<Results>(await send([aTask(), aTask()], key, who));
    expect(again).toEqual(first);
    expect(await tasksOf(who)).toHaveLength(1);
    const other = await send([aTask({ seed: 1 }), aTask()], key, who);
    expect([other.status, other.body["message"]]).toEqual([400, "This Idempotency-Key was used for another request"]);
  });

  test("takes pictures, all of its body together within the limit of one large one", async () => {
    const who = await aUser();
    const picture = (bytes: number) => ({
      type: "UPSCALE",
      imageBase64: Buffer.concat([PNG(64, 64), Buffer.alloc(bytes)]).toString("base64"),
    });
    const three = [picture(1_000_000), picture(1_000_000), picture(1_000_000)];
    const { results } = dataOf<Results>(await send(three, {}, who));
    // Read and judged; nobody here enlarges pictures.
    expect(results.map(({ code }) => code)).toEqual(["E007", "E007", "E007"]);
    const tooMuch = await send([picture(6_000_000), picture(6_000_000)], {}, who);
    expect([tooMuch.status, tooMuch.body["code"]]).toEqual([413, "E005"]);
  });

  test("with malformed tasks refuses those alone, each with its fields", async () => {
    const who = await aUser();
    const key = { "Idempotency-Key": "batch-2" };
    const malformed = [aTask({ steps: 0, width: 7 }), { type: "SONG" }, null];
    const answer = await send([malformed[0], aTask(), malformed[1], malformed[2], aTask()], key, who);
    expect(answer.status).toBe(200);
    const { accepted, results } = dataOf<Results>(answer);
    expect([accepted, results.map(({ code }) => code)]).toEqual([2, [400, 200, 400, 400, 200]]);
    const alone = await post("/api/v1/generate/quote", malformed[0], { "Accept-Language": "en" }, who);
    expect(results[0]).toEqual({ code: 400, message: alone.body["message"], data: alone.body["data"] });
    const paths = results.map(({ data }) => data?.issues?.map(({ path }) => path));
    expect(paths).toEqual([["width", "width", "steps"], undefined, ["type"], [""], undefined]);
    expect(await tasksOf(who)).toHaveLength(2);
    // A malformed task is part of the request: with another one it is another request.
    expect(dataOf(await send([malformed[0], aTask(), malformed[1], malformed[2], aTask()], key, who))).toEqual(dataOf(answer));
    expect((await send([aTask({ steps: -1 }), aTask(), malformed[1], malformed[2], aTask()], key, who)).status).toBe(400);
    expect(await tasksOf(who)).toHaveLength(2);
  });

  test("of no tasks, or of too many, is refused whole", async () => {
    const who = await aUser();
    for (const count of [0, 51])
      expect(
        (
          await send(
            Array.from({ length: count }, () => aTask()),
            {},
            who,
          )
        ).status,
      ).toBe(400);
    expect(await tasksOf(who)).toEqual([]);
  });
});

describe("deadlines of the client's own", () => {
  test("end a task that has not started in time, free of charge", async () => {
    const who = await aUser({ credits: 10 });
    const { taskId } = await submit(who, { prompt: "a cat", startWithinSeconds: 1 });
    await untilStatus(who, taskId, "FAILED");
    expect(await detailOf(who, taskId)).toMatchObject({
      error: { code: "E008", message: expect.stringContaining("did not start within") },
      queueTime: null,
    });
    expect(await balanceOf(who)).toMatchObject({ balance: 10, freezed: 0 });
  });

  test("end a task that runs too long for its client, and stop its agent", async () => {
    const { taskId } = await submit(user, { prompt: "a cat", finishWithinSeconds: 1 });
    const offer = await take();
    expect(await agent.next("cancel")).toMatchObject({ attemptId: offer.attemptId });
    await untilStatus(user, taskId, "FAILED");
    expect(await detailOf(user, taskId)).toMatchObject({ error: { code: "E008" } });
  });

  test("are no end of a task that keeps them", async () => {
    const { taskId } = await submit(user, { prompt: "a cat", startWithinSeconds: 86_400, finishWithinSeconds: 86_400 });
    await draw();
    expect(await detailOf(user, taskId)).toMatchObject({ status: "COMPLETED" });
  });

  test("count from the retry of a task that is retried, which keeps its callback too", async () => {
    const sent = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null));
    const said = { clientId: "tab-1", callbackUrl: "https://client.example.com/hook", startWithinSeconds: 600, finishWithinSeconds: 3600 };
    const { taskId } = await submit(user, { prompt: "a cat", ...said });
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    const rowOf = async (id: string) => (await tasksOf(user)).find((task) => task.id === id);
    const submitted = await rowOf(taskId);
    expect(submitted).toMatchObject({ clientId: said.clientId, callbackUrl: said.callbackUrl });
    // As if that had been yesterday.
    const { createTime = 0, startBy, finishBy } = submitted ?? {};
    const yesterday = {
      createTime: createTime - 24 * HOUR_MS,
      startBy: Number(startBy) - 24 * HOUR_MS,
      finishBy: Number(finishBy) - 24 * HOUR_MS,
    };
    await db.update(tasks).set(yesterday).where(eq(tasks.id, taskId));
    const { newTaskId } = dataOf<{ newTaskId: string }>(await post(`/api/v1/tasks/${taskId}/retry`, {}));
    const retried = await rowOf(newTaskId);
    expect(retried?.createTime).toBeGreaterThanOrEqual(createTime);
    expect(retried).toMatchObject({
      clientId: said.clientId,
      callbackUrl: said.callbackUrl,
      startBy: Number(retried?.createTime) + 600_000,
      finishBy: Number(retried?.createTime) + 3_600_000,
    });
    await call("DELETE", `/api/v1/tasks/${newTaskId}`, { token: user.token });
    await vi.waitFor(() => expect(sent).toHaveBeenCalledTimes(2));
  });

  test("are whole seconds of at most a day", async () => {
    for (const wrong of [0, 1.5, 86_401, "10", null]) {
      expect((await post(TEXT2IMG, { prompt: "a cat", startWithinSeconds: wrong })).status).toBe(400);
    }
  });
});

describe("a detail that waits", () => {
  const wait = (taskId: string, seconds: number, who = user) =>
    call("GET", `/api/v1/tasks/${taskId}?wait=${seconds}`, { token: who.token });

  test("is answered when the task starts, and when it has ended", async () => {
    const { taskId } = await submit(user);
    const started = wait(taskId, 60);
    const offer = await take();
    expect(dataOf(await started)).toMatchObject({ status: "PROCESSING" });
    const ended = wait(taskId, 60);
    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    expect(dataOf(await ended)).toMatchObject({ status: "COMPLETED", progress: 100 });
    expect(dataOf(await wait(taskId, 60))).toMatchObject({ status: "COMPLETED" });
  });

  test("is answered when the task is cancelled", async () => {
    const { taskId } = await submit(user);
    const held = wait(taskId, 60);
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: user.token });
    expect(dataOf(await held)).toMatchObject({ status: "CANCELLED" });
  });

  test("is answered when the task is cancelled and its Dispatcher, which never had it, cannot be told", async () => {
    const { taskId } = await submit(user);
    const held = wait(taskId, 60);
    const unreachable = {
      idFromName: (name: string) => env.DISPATCHER.idFromName(name),
      get: () => ({ cancel: () => Promise.reject(new Error("no connection")) }),
    } as unknown as typeof env.DISPATCHER;
    const request = { method: "DELETE", headers: { Authorization: `Bearer ${user.token}` } };
    const answer = await app.request(`/api/v1/tasks/${taskId}`, request, { ...env, DISPATCHER: unreachable });
    expect(answer.status).toBe(200);
    expect(dataOf(await held)).toMatchObject({ status: "CANCELLED" });
    // Else it would find out when it offers the task; until then it would stand before those of the next tests.
    await dispatcherOf("public").cancel(taskId);
  });

  test("is answered with what is known when its time is over", async () => {
    const { taskId } = await submit(user);
    expect(dataOf(await wait(taskId, 1))).toMatchObject({ status: "PENDING" });
  });

  test("waits for nobody else's task, and no longer than a minute", async () => {
    const { taskId } = await submit(user);
    expect((await wait(taskId, 30, await aUser())).status).toBe(404);
    for (const wrong of ["61", "-1", "1.5", "soon"]) {
      expect((await call("GET", `/api/v1/tasks/${taskId}?wait=${wrong}`, { token: user.token })).status).toBe(400);
    }
  });

  test("says what a waiting task waits for", async () => {
    const english = async (taskId: string) =>
      dataOf(await call("GET", `/api/v1/tasks/${taskId}`, { token: user.token, headers: { "Accept-Language": "en" } }))["waitingFor"];
    const [first, second, third] = [await submit(user), await submit(user), await submit(user)];
    expect(await english(first.taskId)).toEqual({ code: "FREE_SLOT", message: "All agents that can run it are busy" });
    expect(await english(second.taskId)).toEqual({ code: "TASKS_AHEAD", message: "1 task is ahead of it" });
    expect(await english(third.taskId)).toEqual({ code: "TASKS_AHEAD", message: "2 tasks are ahead of it" });
    expect(await detailOf(user, first.taskId)).toMatchObject({ waitingFor: { message: "能运行此任务的GPU都在忙" } });
    await take();
    await untilStatus(user, first.taskId, "PROCESSING");
    expect(await detailOf(user, first.taskId)).not.toHaveProperty("waitingFor");
  });
});

/** Reads a stream event by event; what is no event (a heartbeat, the retry time) is left out. */
class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(response: Response) {
    if (!response.body) throw new Error("no stream");
    this.#reader = response.body.getReader();
  }

  /** The next event, or null at the end. */
  async next(): Promise<Record<string, string> | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const lines = this.#text.slice(0, end).split("\n");
        this.#text = this.#text.slice(end + 2);
        if (lines.some((line) => line.startsWith("data:")))
          return Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += new TextDecoder().decode(value);
    }
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

describe("a task's event stream", () => {
  const listen = (path: string, headers: Record<string, string> = {}) => SELF.fetch(`${ORIGIN}/api/v1/tasks/${path}`, { headers });
  const withToken = (taskId: string, who = user, headers: Record<string, string> = {}) =>
    listen(`${taskId}/events`, { Authorization: `Bearer ${who.token}`, ...headers });

  test("tells progress and end, and closes", async () => {
    const { taskId } = await submit(user, { prompt: "a cat", clientId: "tab-1" });
    const response = await withToken(taskId);
    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toContain("no-transform");
    const events = new EventReader(response);
    const waiting = await events.next();
    expect(waiting).toMatchObject({ id: expect.stringMatching(/^\d+-1\.0\.0$/), event: "progress" });
    expect(JSON.parse(waiting?.["data"] ?? "")).toMatchObject({ taskId, phase: "queued", queuePosition: 1 });
    const offer = await take();
    agent.send({ type: "progress", attemptId: offer.attemptId, phase: "sampling", step: 15, totalSteps: 30 });
    const progress = await events.next();
    expect(progress).toMatchObject({ id: expect.stringMatching(/^\d+-1\.2\.15$/), event: "progress" });
    expect(JSON.parse(progress?.["data"] ?? "")).toMatchObject({ type: "progress", taskId, clientId: "tab-1", progress: 50 });

    // Who comes late is told the newest step; who has it already is not.
    const late = new EventReader(await withToken(taskId));
    expect(await late.next()).toMatchObject({ id: progress?.["id"] });
    const resumed = new EventReader(await withToken(taskId, user, { "Last-Event-ID": progress?.["id"] ?? "" }));

    const { sha256 } = await agent.upload(offer);
    agent.complete(offer, sha256);
    await agent.next("ack");
    for (const stream of [events, late, resumed]) {
      const end = await stream.next();
      expect(end).toMatchObject({ id: "end", event: "result" });
      expect(JSON.parse(end?.["data"] ?? "")).toMatchObject({
        type: "result",
        taskId,
        status: "COMPLETED",
        results: [{ url: expect.any(String) }],
      });
      expect(await stream.next()).toBeNull();
    }
  });

  test("of a task that has ended tells the end and closes; who has had it is told that there is no more", async () => {
    const { taskId } = await submit(user);
    const offer = await take();
    agent.send({ type: "failed", attemptId: offer.attemptId, error: "MODEL_LOAD_FAILED", message: "no room", retryable: false });
    await untilStatus(user, taskId, "FAILED");
    await evictDurableObject(hubOf(user));
    const events = new EventReader(await withToken(taskId));
    expect(JSON.parse((await events.next())?.["data"] ?? "")).toEqual({
      type: "error",
      taskId,
      code: "E001",
      message: "生成失败：模型加载失败",
    });
    expect(await events.next()).toBeNull();
    expect((await withToken(taskId, user, { "Last-Event-ID": "end" })).status).toBe(204);
  });

  test("opens with a ticket of its own, which opens nothing else", async () => {
    const [one, other] = [await submit(user), await submit(user)];
    const { ticket, expiresIn, url } = dataOf<{ ticket: string; expiresIn: number; url: string }>(
      await post(`/api/v1/tasks/${one.taskId}/events/ticket`, {}),
    );
    expect(expiresIn).toBe(60);
    expect(url).toBe(`${ORIGIN}/api/v1/tasks/${one.taskId}/events?ticket=${ticket}`);
    const opened = await SELF.fetch(url);
    expect(opened.status).toBe(200);
    await opened.body?.cancel();
    expect((await listen(`${other.taskId}/events?ticket=${ticket}`)).status).toBe(401);
    expect((await listen(`${one.taskId}/events?ticket=${ticket.replace(".", ".e30")}`)).status).toBe(401);
    expect((await call("GET", `/api/v1/tasks/${one.taskId}`, { token: ticket })).status).toBe(401);
    // A token is no ticket, and an event stream needs one of the two.
    expect((await listen(`${one.taskId}/events?ticket=${user.token}`)).status).toBe(401);
    expect((await listen(`${one.taskId}/events`)).status).toBe(401);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 61_000);
    expect((await SELF.fetch(url)).status).toBe(401);
  });

  test("is for its owner, and ends with the owner's sign-in", async () => {
    const who = await aUser();
    const { taskId } = await submit(who);
    expect((await withToken(taskId)).status).toBe(404);
    expect((await post(`/api/v1/tasks/${taskId}/events/ticket`, {})).status).toBe(404);
    const events = new EventReader(await withToken(taskId, who));
    const { url } = dataOf<{ url: string }>(await post(`/api/v1/tasks/${taskId}/events/ticket`, {}, {}, who));
    expect(await events.next()).toMatchObject({ event: "progress" });
    await post("/api/v1/auth/logout", {}, {}, who);
    expect(await events.next()).toBeNull();
    expect((await SELF.fetch(url)).status).toBe(401);
  });

  test("of an ended task is closed to the tickets of a logged out user, a disabled one and a revoked key", async () => {
    const ticketOf = async (who: TestUser, token = who.token) => {
      const { taskId } = await submit(who);
      await call("DELETE", `/api/v1/tasks/${taskId}`, { token: who.token });
      const { url } = dataOf<{ url: string }>(await call("POST", `/api/v1/tasks/${taskId}/events/ticket`, { token }));
      const opened = await SELF.fetch(url);
      expect(opened.status).toBe(200);
      await opened.body?.cancel();
      return url;
    };
    const [leaving, disabled, keyOwner] = [await aUser(), await aUser(), await aUser()];
    const key = dataOf<{ id: number; key: string }>(
      await post("/api/v1/users/api-keys", { name: "box", scopes: ["read", "generate"] }, {}, keyOwner),
    );
    const urls = [await ticketOf(leaving), await ticketOf(disabled), await ticketOf(keyOwner, key.key)];
    await post("/api/v1/auth/logout", {}, {}, leaving);
    await db.update(users).set({ disabled: true }).where(eq(users.id, disabled.id));
    await call("DELETE", `/api/v1/users/api-keys/${key.id}`, { token: keyOwner.token });
    expect(await Promise.all(urls.map(async (url) => (await SELF.fetch(url)).status))).toEqual([401, 401, 401]);
  });

  test("that its reader leaves is forgotten", async () => {
    const { taskId } = await submit(user);
    const events = new EventReader(await withToken(taskId));
    await events.close();
    await draw();
    expect(await detailOf(user, taskId)).toMatchObject({ status: "COMPLETED" });
  });
});

describe("a callback", () => {
  const URL_GIVEN = "https://client.example.com/hook?x=1";
  type Sent = { url: string; headers: Headers; body: string };

  /** A receiver on the internet that answers as told. */
  function receiver(...statuses: number[]): Sent[] {
    const sent: Sent[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      sent.push({ url: request.url, headers: request.headers, body: await request.text() });
      return new Response(null, { status: statuses.shift() ?? 200 });
    });
    return sent;
  }

  const deliveriesOf = async (taskId: string, who = user) =>
    dataOf<{ callbackUrl: string; deliveries: Record<string, unknown>[] }>(
      await call("GET", `/api/v1/tasks/${taskId}/deliveries`, { token: who.token }),
    );
  const secretOf = async (who = user) => String(dataOf(await call("GET", "/api/v1/users/webhook-secret", { token: who.token }))["secret"]);

  test("brings the end of the task, signed with the user's secret", async () => {
    const sent = receiver();
    const { taskId } = await submit(user, { prompt: "a cat", clientId: "mine", callbackUrl: URL_GIVEN });
    await draw();
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    const { url = "", headers = new Headers(), body = "" } = sent[0] ?? {};
    expect(url).toBe(URL_GIVEN);
    const message = new Webhook(await secretOf()).verify(body, Object.fromEntries(headers.entries()));
    expect(message).toMatchObject({
      type: "result",
      taskId,
      clientId: "mine",
      status: "COMPLETED",
      detailUrl: `${ORIGIN}/api/v1/tasks/${taskId}`,
    });
    expect(headers.get("webhook-id")).toBe(`msg_${taskId}`);
    await vi.waitFor(async () =>
      expect(await deliveriesOf(taskId)).toMatchObject({
        callbackUrl: URL_GIVEN,
        deliveries: [{ attempt: 1, url: URL_GIVEN, httpStatus: 200, isDelivered: true, nextTime: null }],
      }),
    );
  });

  test("comes also for a task that was cancelled before its queue had heard of it", async () => {
    const sent = receiver();
    const who = await aUser();
    const lost = vi.spyOn(Dispatcher.prototype, "enqueue").mockImplementation(() => {});
    const { taskId } = await submit(who, { prompt: "a cat", callbackUrl: URL_GIVEN });
    expect(lost).toHaveBeenCalled();
    expect(await dispatcherOf().liveTasks([taskId])).toEqual({});
    expect((await call("DELETE", `/api/v1/tasks/${taskId}`, { token: who.token })).status).toBe(200);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(JSON.parse(sent[0]?.body ?? "")).toMatchObject({ type: "result", taskId, status: "CANCELLED", results: [] });
    await dispatcherOf().cancel(taskId);
    await runInDurableObject(dispatcherOf(), async (_, { storage }) => {
      await vi.waitFor(() => expect(storage.sql.exec("SELECT * FROM outbox WHERE task_id = ?", taskId).toArray()).toEqual([]));
    });
    expect(sent).toHaveLength(1);
  });

  test("that fails is tried again with growing pauses, through an eviction, and each try is on record", async () => {
    const sent = receiver(500, 503, 204);
    const who = await aUser();
    const { taskId } = await submit(who, { prompt: "a cat", callbackUrl: URL_GIVEN });
    await call("DELETE", `/api/v1/tasks/${taskId}`, { token: who.token });
    await vi.waitFor(async () => expect((await deliveriesOf(taskId, who)).deliveries).toHaveLength(1));
    for (const pause of [6_000, 70_000]) {
      await evictDurableObject(hubOf(who));
      vi.spyOn(Date, "now").mockReturnValue(Date.now() + pause);
      expect(await runDurableObjectAlarm(hubOf(who))).toBe(true);
    }
    vi.mocked(Date.now).mockRestore();
    expect(sent.map(({ headers }) => headers.get("webhook-id"))).toEqual(Array.from({ length: 3 }, () => `msg_${taskId}`));
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
    expect((await deliveriesOf(taskId, who)).deliveries).toMatchObject([
      { attempt: 1, httpStatus: 500, isDelivered: false, nextTime: expect.any(String) },
      { attempt: 2, httpStatus: 503, isDelivered: false, nextTime: expect.any(String) },
      { attempt: 3, httpStatus: 204, isDelivered: true, nextTime: null },
    ]);
  });

  test("goes to no address inside our walls", async () => {
    for (const inside of [
      "http://127.0.0.1/",
      "http://[::1]:80/",
      "http://169.254.169.254/latest",
      "http://0x7f.1/",
      "http://db.internal/",
    ]) {
      const answer = await post(TEXT2IMG, { prompt: "a cat", callbackUrl: inside });
      expect([inside, answer.status, answer.body["data"]]).toMatchObject([inside, 400, { issues: [{ path: "callbackUrl" }] }]);
    }
    for (const wrong of ["ftp://example.com/", "not a url", ""]) {
      expect((await post(TEXT2IMG, { prompt: "a cat", callbackUrl: wrong })).status).toBe(400);
    }
  });

  test("is signed with a secret that its user can rotate, and nobody else sees its tries", async () => {
    const who = await aUser();
    const before = await secretOf(who);
    expect(before).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await secretOf(who)).toBe(before);
    expect(await secretOf()).not.toBe(before);
    const rotated = dataOf(await post("/api/v1/users/webhook-secret/rotate", {}, {}, who));
    expect(rotated).toMatchObject({ secret: await secretOf(who), alsoSignedUntil: expect.any(String) });
    expect(rotated["secret"]).not.toBe(before);
    const { taskId } = await submit(who);
    expect((await call("GET", `/api/v1/tasks/${taskId}/deliveries`, { token: user.token })).status).toBe(404);
    expect(await deliveriesOf(taskId, who)).toEqual({ callbackUrl: null, deliveries: [] });
  });
});

test("a prompt with a blocked word is E006 in any disguise, and holds nothing", async () => {
  const who = await aUser();
  await db.insert(blockedWords).values({ word: "禁止詞彙", createTime: 1 });
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + 10_000);
  const answer = await post(TEXT2IMG, { prompt: "画一个禁\u200b止词汇" }, {}, who);
  expect([answer.status, answer.body["code"]]).toEqual([422, "E006"]);
  expect((await post("/api/v1/generate/quote", { type: "TEXT2IMG", prompt: "禁止詞彙" }, {}, who)).body["code"]).toBe("E006");
  expect(await tasksOf(who)).toEqual([]);
  expect(await balanceOf(who)).toMatchObject({ freezed: 0 });
});

// Last: it costs the agent its line.
test("a deadline survives the loss of the Dispatcher's storage: it is in the task's row", async () => {
  const { taskId } = await submit(user, { prompt: "a cat", startWithinSeconds: 60 });
  await runInDurableObject(dispatcherOf(), (_, { storage }) => storage.deleteAll());
  await evictDurableObject(dispatcherOf());
  const now = vi.spyOn(Date, "now");
  now.mockReturnValue(Date.now() + 30_000);
  await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
  expect(await dispatcherOf().liveTasks([taskId])).toMatchObject({ [taskId]: { queuePosition: 1 } });
  now.mockReturnValue(Date.now() + 30_000);
  await runDurableObjectAlarm(dispatcherOf());
  await untilStatus(user, taskId, "FAILED");
  expect(await detailOf(user, taskId)).toMatchObject({ error: { code: "E008" } });
});
