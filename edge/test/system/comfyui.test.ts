import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { imageSize } from "image-size";
import { expect, onTestFinished, test, vi } from "vitest";
import { Client, emptyFolder, Group, PROJECT, processes, startSystem } from "./local-start.ts";

const FAKE = path.join(PROJECT, "agent/test/fixtures/fake-comfyui.mjs");
const STEP_MS = 200;
const MODEL = { modelName: "stable-diffusion-v1-5", prompt: "a cat", width: 64, height: 64 };

test("an agent that starts its own ComfyUI draws with it, and a user's cancel stops that task within a step, and no other", async () => {
  const folder = emptyFolder();
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  const system = await startSystem(path.join(folder, "system"), ["--no-agent"]);
  onTestFinished(async () => void (await system.stop()));
  const port = await freePort();
  const command = [process.execPath, FAKE, String(port), String(STEP_MS)];
  const config = {
    edge: system.baseUrl,
    key: system.credentials.agentKey,
    state: path.join(folder, "agent"),
    log: "json",
    engines: [{ engine: "comfyui", slots: 2, url: `http://127.0.0.1:${port}`, start: { command } }],
  };
  const file = path.join(folder, "agent.yaml");
  fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const agent = new Group(process.execPath, ["agent/bin/stargraph-agent.mjs", "--config", file]);
  const stopAgent = async () => {
    agent.signal("SIGTERM");
    await agent.exited;
  };
  onTestFinished(stopAgent);
  await agent.until(/ComfyUI offers/);

  const client = await Client.login(system);
  const admitted = { timeout: 20_000, interval: 100 };
  const running = await vi.waitUntil(() => client.submit({ ...MODEL, steps: 150 }).catch(() => null), admitted);
  await client.until(running, (task) => (task.currentStep ?? 0) > 1);
  const waiting = await client.submit({ ...MODEL, steps: 2 });

  const cancelledAtMs = Date.now();
  await client.call("DELETE", `/tasks/${running}`);
  await agent.until(/"event":"stopped"/);
  const [heard, stopped] = ["cancelled", "stopped"].map((name) => eventsOf(agent).find(({ event }) => event === name));
  expect((stopped?.step ?? NaN) - (heard?.step ?? NaN)).toBeLessThanOrEqual(1);
  console.info(`from the cancel to the engine's stop: ${Date.parse(stopped?.time ?? "") - cancelledAtMs} ms, a step is ${STEP_MS} ms`);

  expect(await client.completed(waiting)).toMatchObject({ servedBy: { engine: "comfyui", model: "v1-5-pruned-emaonly.safetensors" } });
  expect(imageSize(await client.picture(waiting))).toMatchObject({ type: "png", width: 64, height: 64 });

  await stopAgent();
  expect(processes().filter(({ command: line }) => line.includes(`fake-comfyui.mjs ${port}`))).toEqual([]);
});

function eventsOf(agent: Group): { event: string; time: string; step?: number }[] {
  return agent.text.split("\n").flatMap((line) => (line.startsWith("{") && line.endsWith("}") ? [JSON.parse(line)] : []));
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
