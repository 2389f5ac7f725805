import fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { addUser, emptyFolder, type RunningSystem, startSystem } from "../local-start.ts";
import { type ConnectedClient, DESTINATIONS } from "./client.ts";
import { RawHttp } from "./raw-http.ts";
import { onScripts, onSockJs } from "./stompjs-2.ts";
import { stompjs7OnSockJs, stompjs7OnWebSocket } from "./stompjs-7.ts";
import { webstompOnSockJs, webstompOnWebSocket } from "./webstomp.ts";

/** Real clients against the real Worker on a real port. Another library or transport is another line. */
const CLIENTS = [
  ...["websocket", "xhr-streaming", "eventsource", "xhr-polling"].map(onSockJs),
  ...(["htmlfile", "jsonp"] as const).map(onScripts),
  stompjs7OnWebSocket,
  ...["websocket", "xhr-streaming"].map(stompjs7OnSockJs),
  ...(["text", "bytes"] as const).map(webstompOnWebSocket),
  webstompOnSockJs("xhr-polling"),
];

/** Slow enough for a machine with more to do; clients give up after two of them without a word. */
const BEAT_MS = 10_000;
const QUICK_BEAT_MS = 1_000;

/** Small, and long enough to be seen running. */
const PICTURE = { prompt: "a cat, 50% bigger", width: 256, height: 256, steps: 40, seed: 7 };
const LONG = { ...PICTURE, width: 1024, height: 1024, steps: 150, batchSize: 8 };

let system: RunningSystem;

beforeAll(async () => {
  system = await startSystem(emptyFolder());
});

afterAll(async () => {
  await system?.stop();
  fs.rmSync(system.stateFolder, { recursive: true, force: true });
});

async function aUser() {
  const username = `user-${crypto.randomUUID().slice(0, 8)}`;
  const { token } = await addUser(system, { username, password: "secret-word", credits: 1000 });
  const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch(`${system.baseUrl}/api/v1${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { code, data }: { code: unknown; data: Record<string, unknown> } = await answer.json();
    if (code !== 200) throw new Error(`${method} ${path}: ${String(code)}`);
    return data;
  };
  return { token, submit: async (body: unknown) => String((await call("POST", "/generate/text2img", body))["taskId"]), call };
}

/** The bodies of that destination which are about the task, once there is one that fits. */
function told(client: ConnectedClient, destination: string, taskId: string, fits: (body: Record<string, unknown>) => boolean = () => true) {
  const about = () =>
    client.received.filter((one) => one.destination === destination && one.body["taskId"] === taskId).map(({ body }) => body);
  return vi.waitUntil(() => (about().some(fits) ? about() : null), { timeout: 30_000, interval: 20 });
}

/** The data of the answer to what was sent under that id. */
async function answered(client: ConnectedClient, correlationId: string): Promise<Record<string, unknown>> {
  const answer = await vi.waitUntil(
    () => client.received.find(({ destination, body }) => destination === DESTINATIONS.reply && body["correlationId"] === correlationId),
    { timeout: 30_000, interval: 20 },
  );
  const { type, code, data } = answer.body as { type: string; code: unknown; data: Record<string, unknown> };
  expect([type, code]).toEqual(["reply", 200]);
  return data;
}

describe.concurrent.each(CLIENTS)("$name", (kind) => {
  test("connects, follows a task to its picture and another to its cancel, and comes back to exactly what it missed", async ({
    expect,
  }) => {
    const user = await aUser();
    const client = await kind.connect(system.baseUrl, user.token, BEAT_MS);

    client.send("/app/generate", { "correlation-id": "first" }, { type: "TEXT2IMG", ...PICTURE, clientId: "100%" });
    const drawn = String((await answered(client, "first"))["taskId"]);
    const [end, ...more] = await told(client, DESTINATIONS.result, drawn);
    expect([end, more]).toMatchObject([{ type: "result", status: "COMPLETED", clientId: "100%" }, []]);
    const [{ url }] = end!["results"] as [{ url: string }];
    expect((await fetch(url)).status).toBe(200);
    const steps = (await told(client, DESTINATIONS.progress, drawn)).map((body) => Number(body["progress"]));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));

    const cancelled = await user.submit(LONG);
    await told(client, DESTINATIONS.progress, cancelled, (body) => Number(body["currentStep"]) > 0);
    client.send("/app/task/cancel", { "correlation-id": "stop" }, { taskId: cancelled });
    expect(await answered(client, "stop")).toMatchObject({ taskId: cancelled, refund: expect.any(Number) });
    expect(await told(client, DESTINATIONS.result, cancelled)).toMatchObject([{ status: "CANCELLED", results: [] }]);

    client.cut();
    const missed = await user.submit(PICTURE);
    await vi.waitUntil(async () => (await user.call("GET", `/tasks/${missed}`))["status"] === "COMPLETED", {
      timeout: 60_000,
      interval: 100,
    });
    await client.comeBack();
    await told(client, DESTINATIONS.result, missed);
    const ends = client.received.filter(({ destination }) => destination === DESTINATIONS.result);
    expect(ends.map(({ body }) => [body["taskId"], body["status"]])).toEqual([
      [drawn, "COMPLETED"],
      [cancelled, "CANCELLED"],
      [missed, "COMPLETED"],
    ]);
    await client.disconnect();
  });

  test("is answered beat for beat while nothing happens", async ({ expect }) => {
    const user = await aUser();
    const client = await kind.connect(system.baseUrl, user.token, QUICK_BEAT_MS);
    await expect.poll(() => client.beats, { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
    await client.disconnect();
  });

  test("is told by an ERROR that its token does not count", async ({ expect }) => {
    await expect(kind.connect(system.baseUrl, "nonsense", BEAT_MS)).rejects.toThrow(/Not authenticated/);
  });
});

/** The sections of the SockJS protocol 0.3.3 that are about HTTP itself (docs/realtime.md). */
describe("on the wire", () => {
  const connections: RawHttp[] = [];
  const connect = () => {
    const connection = new RawHttp(system.baseUrl);
    connections.push(connection);
    return connection;
  };
  const aStream = () => `POST /ws/000/${crypto.randomUUID()}/xhr_streaming`;
  const KEEP = { Connection: "Keep-Alive" };

  afterAll(() => {
    for (const connection of connections) connection.close();
  });

  test.each(["1.0", "1.1"])("HTTP/%s is greeted with a length, twice on one connection where it is kept", async (version) => {
    const connection = connect();
    for (let turn = 0; turn < (version === "1.1" ? 2 : 1); turn += 1) {
      connection.send(`GET /ws HTTP/${version}`, KEEP);
      const { status, headers } = await connection.head();
      expect([status, headers["content-length"], headers["transfer-encoding"]]).toEqual([200, "19", undefined]);
      await connection.until("Welcome to SockJS!\n");
    }
  });

  test.each(["1.0", "1.1"])("HTTP/%s is streamed to without a length, as soon as there is something", async (version) => {
    const connection = connect();
    connection.send(`${aStream()} HTTP/${version}`, { ...KEEP, "Content-Length": "0" });
    const { status, headers } = await connection.head();
    expect([status, headers["content-length"], headers["transfer-encoding"]]).toEqual([
      200,
      undefined,
      version === "1.1" ? "chunked" : undefined,
    ]);
    expect((await connection.until("o\n")).replaceAll(/[^h]/g, "")).toHaveLength(2048);
  });

  test("a client that takes compressed answers is streamed to all the same", async () => {
    for (const path of [
      aStream(),
      aStream().replace("POST", "GET").replace("xhr_streaming", "eventsource"),
      aStream().replace("POST", "GET").replace("xhr_streaming", "htmlfile?c=x"),
    ]) {
      const connection = connect();
      connection.send(`${path} HTTP/1.1`, {
        "Accept-Encoding": "gzip, deflate, br",
        ...(path.startsWith("POST") && { "Content-Length": "0" }),
      });
      expect(await connection.head()).toMatchObject({ status: 200, headers: { "content-encoding": "identity" } });
      await connection.until("o");
    }
  });

  test("an upgrade whose Connection header was rewritten on the way is refused", async () => {
    const connection = connect();
    connection.send("GET /ws/0/0/websocket HTTP/1.1", { Upgrade: "WebSocket", Connection: "close" });
    // By the server in front of the Worker, which the request does not reach.
    expect((await connection.head()).status).toBe(426);
  });

  test("a WebSocket is accepted with the key's answer, also when its connection is to be kept", async () => {
    const connection = connect();
    const key = { "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==" };
    connection.send("GET /ws/0/0/websocket HTTP/1.1", { Upgrade: "websocket", Connection: "keep-alive, Upgrade", ...key });
    const { status, headers } = await connection.head();
    expect([status, headers["sec-websocket-accept"], headers["content-length"]]).toEqual([101, "HSmrc0sMlYUkAGmm5OPpG2HaGWk=", undefined]);
    // A text frame of one byte: it opens by itself.
    await connection.until("\u0081\u0001o");
  });
});
