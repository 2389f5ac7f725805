import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import type { ControlStatus } from "../control/messages.ts";
import { openStatusPage } from "./status-page.ts";

const STATUS: ControlStatus = {
  pid: 7,
  version: "0.1.0",
  name: "box",
  edge: "https://api.example.com",
  isConnected: true,
  restingBecause: null,
  isLeaving: false,
  edgeState: "serving",
  idleBecause: null,
  waitingTasks: 3,
  earnedToday: 40,
  slots: 2,
  running: [],
  undelivered: 1,
  drawn: 12,
  failed: 1,
  upMs: 90_500,
  engines: [{ name: "comfyui", models: ["sdxl"], resident: [] }],
  gpus: [{ name: "RTX 4090", memoryBytes: 24e9, freeMemoryBytes: 23e9, temperatureCelsius: 61 }],
};

async function aPage() {
  const page = await openStatusPage(0, () => STATUS);
  onTestFinished(() => page.close());
  const get = (path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number | undefined; type: string | undefined; text: string }>((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port: page.port, path, headers }, (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
        answer.on("end", () => resolve({ status: answer.statusCode, type: answer.headers["content-type"], text }));
      });
      asked.on("error", reject);
      asked.end();
    });
  return { page, get };
}

test("tells people, programs and Prometheus how the agent is", async () => {
  const { get } = await aPage();
  expect((await get("/")).text).toContain("earned   40 credits today");
  expect(await get("/", { accept: "text/html,*/*;q=0.8" })).toMatchObject({
    type: "text/html; charset=utf-8",
    text: expect.stringContaining("<dt>credits today</dt><dd>40</dd>"),
  });
  expect(JSON.parse((await get("/status")).text)).toEqual(STATUS);
  const { text } = await get("/metrics");
  expect(text).toContain("\nstargraph_agent_drawn_total 12\n");
  expect(text).toContain("\nstargraph_agent_connected 1\n");
  expect(text).toContain('\nstargraph_agent_models{engine="comfyui"} 1\n');
  expect(text).toContain('\nstargraph_agent_gpu_temperature_celsius{gpu="0",name="RTX 4090"} 61\n');
  expect(text).toContain('\nstargraph_agent_gpu_free_bytes{gpu="0",name="RTX 4090"} 23000000000\n');
  expect(await get("/other")).toMatchObject({ status: 404 });
});

test("answers nobody who came by another name", async () => {
  const { get } = await aPage();
  expect(await get("/status", { host: "evil.example" })).toMatchObject({ status: 403, text: "This page is for this machine alone.\n" });
});

test("a port that is taken is one clear line", async () => {
  const { page } = await aPage();
  await expect(openStatusPage(page.port, () => STATUS)).rejects.toThrow(`The status page cannot have port ${page.port}: `);
});
