import fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { addUser, emptyFolder, type RunningSystem, startSystem } from "../local-start.ts";
import { type ConnectedClient, DESTINATIONS } from "./client.ts";
import { onScripts, onSockJs } from "./stompjs-2.ts";

/** Real clients against the real Worker on a real port. Another library or transport is another line. */
const CLIENTS = [
  ...["websocket", "xhr-streaming", "eventsource", "xhr-polling"].map(onSockJs),
  ...(["htmlfile", "jsonp"] as const).map(onScripts),
];

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

describe.each(CLIENTS)("$name", (kind) => {
  test("connects, follows a task to its picture and another to its cancel, and comes back to what it missed", async () => {
    const user = await aUser();
    const client = await kind.connect(system.baseUrl, user.token);

    const drawn = await user.submit({ ...PICTURE, clientId: "100%" });
    const [end, ...more] = await told(client, DESTINATIONS.result, drawn);
    expect([end, more]).toMatchObject([{ type: "result", status: "COMPLETED", clientId: "100%" }, []]);
    const [{ url }] = end!["results"] as [{ url: string }];
    expect((await fetch(url)).status).toBe(200);
    const steps = (await told(client, DESTINATIONS.progress, drawn)).map((body) => Number(body["progress"]));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));

    const cancelled = await user.submit(LONG);
    await told(client, DESTINATIONS.progress, cancelled, (body) => Number(body["currentStep"]) > 0);
    await user.call("DELETE", `/tasks/${cancelled}`);
    expect(await told(client, DESTINATIONS.result, cancelled)).toMatchObject([{ status: "CANCELLED", results: [] }]);

    client.cut();
    const missed = await user.submit(PICTURE);
    await vi.waitUntil(async () => (await user.call("GET", `/tasks/${missed}`))["status"] === "COMPLETED", {
      timeout: 30_000,
      interval: 50,
    });
    const again = await kind.connect(system.baseUrl, user.token);
    expect(await told(again, DESTINATIONS.result, missed)).toMatchObject([{ status: "COMPLETED" }]);
    await again.disconnect();
  });

  test("is told by an ERROR that its token does not count", async () => {
    await expect(kind.connect(system.baseUrl, "nonsense")).rejects.toThrow(/Not authenticated/);
  });
});
