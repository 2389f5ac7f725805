import fs from "node:fs";
import path from "node:path";
import { Client as StompClient } from "@stomp/stompjs";
import type { Balance } from "@star-graph/shared/rest/users";
import { imageSize } from "image-size";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { Client, emptyFolder, processes, type RunningSystem, startSystem } from "./local-start.ts";

/** One system for all that only uses it; the tests that kill and restart come last. */
let system: RunningSystem;
let client: Client;

beforeAll(async () => {
  system = await startSystem(emptyFolder());
  client = await Client.login(system);
});

afterAll(async () => {
  await system?.stop();
  fs.rmSync(system.stateFolder, { recursive: true, force: true });
});

const CAT = "一只可爱的猫咪在花园里玩耍";
const SMALL = { prompt: CAT, width: 256, height: 256, steps: 4, seed: 7 };

describe("a picture", () => {
  test("has the size that was asked for, a thumbnail, and says which engine drew it", async () => {
    const taskId = await client.submit({ prompt: CAT });
    const task = await client.completed(taskId);
    expect(task).toMatchObject({ progress: 100, servedBy: { engine: "built-in", model: "stargraph-scene" } });
    expect(task.notes?.join()).toContain("stargraph-scene");
    expect(imageSize(await client.picture(taskId))).toMatchObject({ type: "png", width: 1024, height: 1024 });
    const thumbnail = await fetch(task.results[0]!.thumbnailUrl);
    expect(imageSize(new Uint8Array(await thumbnail.arrayBuffer()))).toMatchObject({ type: "webp", width: 256, height: 256 });
  });

  test("is the same for the same seed, and another one for seed -1, other steps or another cfg", async () => {
    const requests = [SMALL, SMALL, { ...SMALL, seed: -1 }, { ...SMALL, seed: -1 }, { ...SMALL, steps: 9 }, { ...SMALL, cfgScale: 1 }];
    const ids = await Promise.all(requests.map((request) => client.submit(request)));
    const [first, second, ...others] = await Promise.all(ids.map(async (id) => (await client.picture(id)).toString("base64")));
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(5);
  });

  test("comes with its progress over STOMP", async () => {
    const stomp = new StompClient({
      webSocketFactory: () => new WebSocket(system.baseUrl.replace("http", "ws") + "/ws", ["v12.stomp"]),
      connectHeaders: { Authorization: `Bearer ${client.token}` },
      reconnectDelay: 0,
    });
    const progress: { taskId: string; currentStep: number }[] = [];
    // A fresh subscription is also told the ends that it missed: ours is found by its id.
    const ends: { taskId: string; status: string; results: { url: string }[] }[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        stomp.onStompError = (frame) => reject(new Error(frame.headers["message"]));
        stomp.onWebSocketError = () => reject(new Error("no socket"));
        stomp.onConnect = () => {
          stomp.subscribe("/user/topic/progress", ({ body }) => void progress.push(JSON.parse(body)));
          stomp.subscribe("/user/topic/result", ({ body }) => void ends.push(JSON.parse(body)));
          resolve();
        };
        stomp.activate();
      });
      const taskId = await client.submit({ ...SMALL, steps: 60 });
      const end = await vi.waitUntil(() => ends.find((message) => message.taskId === taskId), { timeout: 30_000 });
      expect(end).toMatchObject({ status: "COMPLETED" });
      expect((await fetch(end.results[0]!.url)).status).toBe(200);
      const steps = progress.filter((message) => message.taskId === taskId).map((message) => message.currentStep);
      expect(steps.length).toBeGreaterThan(1);
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    } finally {
      await stomp.deactivate();
    }
  });

  test("is not finished when its task is cancelled, and the engine stops within a step", async () => {
    const before = await client.call<Balance>("GET", "/users/balance");
    const taskId = await client.submit({ ...SMALL, steps: 150, batchSize: 8, width: 1024, height: 1024 });
    const running = await client.until(taskId, (task) => (task.currentStep ?? 0) > 1);
    await client.call("DELETE", `/tasks/${taskId}`);
    const stopped = await client.until(taskId, (task) => !task.stopping);
    expect(stopped).toMatchObject({ status: "CANCELLED", results: [] });
    // The agent says at which step it heard of the cancel, and at which it stood when its engine had stopped.
    const steps = ["cancelled", "stopped"].map((event) => Number(agentEvents().find((line) => line.event === event)?.step));
    const [heard = NaN, stood = NaN] = steps;
    expect(stood - heard).toBeLessThanOrEqual(1);
    expect(stood).toBeLessThan(running.totalSteps ?? 0);
    expect(await client.call<Balance>("GET", "/users/balance")).toEqual(before);
  });
});

describe("a system that is hurt", () => {
  test("finishes a task whose agent was killed, and charges it once", async () => {
    const before = await client.call<Balance>("GET", "/users/balance");
    const taskId = await client.submit({ ...SMALL, steps: 150, batchSize: 2 });
    await client.until(taskId, (task) => (task.currentStep ?? 0) > 1);
    const agents = processes().filter(({ command }) => command.includes("stargraph-agent.mjs") && command.includes(system.stateFolder));
    expect(agents).toHaveLength(1);
    for (const { pid } of agents) process.kill(pid, "SIGKILL");
    const task = await client.completed(taskId);
    expect(task.results).toHaveLength(2);
    const after = await client.call<Balance>("GET", "/users/balance");
    expect(after).toMatchObject({ balance: before.balance - task.cost, freezed: 0 });
    const accepted = agentEvents().filter((line) => line.event === "accepted");
    // Twice in the log: the attempt that died with its agent, and the one that brought the pictures.
    expect(new Set(accepted.slice(-2).map((line) => line.attemptId)).size).toBe(2);
    expect(agentEvents().filter((line) => line.event === "acknowledged" && line.attemptId === accepted.at(-1)?.attemptId)).toHaveLength(1);
    expect(agentEvents().some((line) => line.event === "drawn" && line.attemptId === accepted.at(-2)?.attemptId)).toBe(false);
  });

  test("keeps users, tasks and pictures over a stop and a start, and leaves no process behind", async () => {
    const taskId = await client.submit(SMALL);
    const picture = await client.picture(taskId);
    const secret = fs.readFileSync(path.join(system.stateFolder, "credentials.json"), "utf8");
    expect(await system.stop()).toBe(0);
    expect(system.group.members()).toEqual([]);
    expect(fs.statSync(path.join(system.stateFolder, "credentials.json")).mode & 0o777).toBe(0o600);

    system = await startSystem(system.stateFolder);
    expect(JSON.parse(fs.readFileSync(path.join(system.stateFolder, "credentials.json"), "utf8"))).toEqual({
      ...JSON.parse(secret),
      baseUrl: system.baseUrl,
    });
    // The token of before, too: sessions and the secret are kept.
    const url = (await fetchTask(taskId)).results[0]!.url;
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(picture)).toBe(true);
    client = await Client.login(system);
  });
});

/** What the agent of the running system has logged. */
function agentEvents(): { event: string; attemptId?: string; step?: number }[] {
  const lines = fs.readFileSync(path.join(system.stateFolder, "agent.log"), "utf8").split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

async function fetchTask(taskId: string): Promise<{ results: { url: string }[] }> {
  const answer = await fetch(`${system.baseUrl}/api/v1/tasks/${taskId}`, { headers: { Authorization: `Bearer ${client.token}` } });
  return answer.json();
}
