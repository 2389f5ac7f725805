import { expect, test } from "vitest";
import type { ControlStatus } from "../control/messages.ts";
import { writePage } from "./page.ts";

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
  engines: [{ name: "comfyui", models: ["sdxl", "RealESRGAN"], resident: ["sdxl"] }],
  gpus: [{ name: "RTX 4090", memoryBytes: 24 * 2 ** 30, freeMemoryBytes: 6 * 2 ** 30, temperatureCelsius: 61 }],
};
const TASK: ControlStatus["running"][number] = {
  attemptId: "a1",
  type: "TEXT2IMG",
  model: "sdxl",
  engine: "comfyui",
  phase: "sampling",
  step: 12,
  totalSteps: 20,
  elapsedMs: 4_000,
};

test("says how it is, what it runs and how far, what was earned, and how full the GPU is", () => {
  const page = writePage({ ...STATUS, running: [TASK, { ...TASK, phase: "loading", step: 0, totalSteps: 1 }] });
  expect(page).toContain("<title>● box: working, 2 of 2 slots</title>");
  expect(page).toContain("<dt>credits today</dt><dd>40</dd>");
  expect(page).toContain('sampling 12 of 20, 4 s</span></div><progress max="20" value="12"></progress>');
  expect(page).toContain("loading, 4 s</span></div><progress></progress>");
  expect(page).toContain("18 GB of 24 GB used, 61 °C");
  expect(page).toContain("in memory: sdxl");
});

test("leaves out what there is not", () => {
  const page = writePage({ ...STATUS, earnedToday: null, waitingTasks: null, gpus: [], engines: [] });
  expect(page).not.toMatch(/credits today|tasks waiting|<h2>/);
});

test("no word of a server or a workflow becomes a part of the page", () => {
  const evil = `"><script>alert('1')</script>&`;
  const page = writePage({
    ...STATUS,
    name: evil,
    idleBecause: evil,
    running: [{ ...TASK, model: evil }],
    engines: [{ name: evil, models: [evil], resident: [evil] }],
    gpus: [{ name: evil, memoryBytes: 1, freeMemoryBytes: null, temperatureCelsius: null }],
  });
  expect(page).not.toContain("<script");
  expect(page).not.toContain("alert('");
});
