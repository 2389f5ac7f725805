import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { expect, test } from "vitest";
import { describeFindings } from "./describe.ts";
import { canServe, diagnose } from "./diagnose.ts";
import type { Facts } from "./facts.ts";

const GIB = 1024 ** 3;
const MODELS: AgentModel[] = [
  { name: "stable-diffusion-xl-base-1.0", engine: "comfyui", types: ["TEXT2IMG", "IMG2IMG"] },
  { name: "RealESRGAN", engine: "comfyui", types: ["UPSCALE"] },
];
const WELL: Facts = {
  nodeVersion: "24.21.0",
  hasKey: true,
  edge: { address: "https://api.example.com", answer: { kind: "up", tookMs: 41.4, skewMs: -800 } },
  line: { kind: "open" },
  runningPid: null,
  stateFolder: "/home/somebody/.stargraph-agent",
  disk: { freeBytes: 120e9, isWritable: true },
  freeMemoryBytes: 20e9,
  gpus: [{ name: "NVIDIA GeForce RTX 4090", memoryBytes: 24 * GIB, freeMemoryBytes: 23 * GIB, usedPercent: 0, temperatureCelsius: 41 }],
  engines: [{ name: "comfyui", health: { isReady: true }, models: MODELS }],
  enginesTrouble: null,
  unused: [],
  limits: { types: null, models: null, maxPixels: null, ownTasks: "any", refusedWords: [] },
  rules: {
    hours: [],
    isIdleOnly: false,
    coolDownMs: 300_000,
    maxTemperatureCelsius: 87,
    minFreeDiskBytes: 1e9,
    minFreeMemoryBytes: 250e6,
    freeAfterMs: 600_000,
  },
};
const REFUSED =
  "The edge refused this agent (401). Check the agent key (--key or STARGRAPH_KEY): it may be mistyped, revoked, or of another edge.";
const DOWN = { address: "https://api.example.com", answer: { kind: "down", reason: "getaddrinfo ENOTFOUND api.example.com" } } as const;

test.each([
  ["everything-fine", {}, true],
  ["no-key", { hasKey: false, line: { kind: "not-tried" } }, false],
  ["wrong-key", { line: { kind: "refused", reason: REFUSED } }, false],
  ["edge-down", { edge: DOWN, line: { kind: "lost", reason: DOWN.answer.reason } }, false],
  [
    "no-engine",
    {
      gpus: [],
      engines: [],
      enginesTrouble: "The built-in engine is not installed. Install its package next to the agent: npm install stargraph-scene",
      unused: [{ name: "ComfyUI", address: "http://127.0.0.1:8188" }],
    },
    false,
  ],
  [
    "comfyui-down",
    { engines: [{ name: "comfyui", health: { isReady: false, reason: "nothing answers at http://127.0.0.1:8188" }, models: [] }] },
    false,
  ],
  ["comfyui-without-models", { engines: [{ name: "comfyui", health: { isReady: true }, models: [] }] }, false],
  [
    "odd-box",
    {
      edge: { address: "https://api.example.com", answer: { kind: "up", tookMs: 900, skewMs: 7_200_000 } },
      runningPid: 4242,
      disk: { freeBytes: 4e8, isWritable: true },
      freeMemoryBytes: 1e8,
      limits: { ...WELL.limits, types: ["TEXT2IMG", "UPSCALE"], models: ["RealESRGAN"] },
    },
    false,
  ],
] satisfies [string, Partial<Facts>, boolean][])("tells an owner what stands in the way: %s", async (name, changes, serves) => {
  const facts: Facts = { ...WELL, ...changes };
  expect(canServe(facts)).toBe(serves);
  await expect(describeFindings(diagnose(facts), canServe(facts))).toMatchFileSnapshot(`../../test/doctor/${name}.txt`);
});
