import { type AgentModel, PROTOCOL_VERSION } from "@star-graph/shared/agent-protocol";
import { expect, test } from "vitest";
import { inBlackAndWhite } from "../view/paint.ts";
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
  edge: { address: "https://api.example.com", answer: { kind: "up", tookMs: 41.4, skewMs: -800, protocols: { oldest: 1, newest: 1 } } },
  line: { kind: "open" },
  runningPid: null,
  stateFolder: "/home/somebody/.stargraph-agent",
  disk: { freeBytes: 120e9, isWritable: true },
  freeMemoryBytes: 20e9,
  gpus: [{ name: "NVIDIA GeForce RTX 4090", memoryBytes: 24 * GIB, freeMemoryBytes: 23 * GIB, usedPercent: 0, temperatureCelsius: 41 }],
  engines: [{ name: "comfyui", health: { isReady: true }, models: MODELS }],
  leftOut: [],
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
      unused: [
        { name: "ComfyUI", engine: "comfyui", address: "http://127.0.0.1:8188", hasApi: true },
        { name: "A Stable Diffusion web UI", engine: "sdapi", address: "http://127.0.0.1:7860", hasApi: false },
      ],
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
      edge: { address: "https://api.example.com", answer: { kind: "up", tookMs: 900, skewMs: 7_200_000, protocols: null } },
      runningPid: 4242,
      leftOut: ["dream is not offered: ComfyUI lists no dream.safetensors in checkpoints"],
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

const protocolOf = (protocols: { oldest: number; newest: number }) => {
  const facts: Facts = { ...WELL, edge: { address: DOWN.address, answer: { kind: "up", tookMs: 1, skewMs: 0, protocols } } };
  return { serves: canServe(facts), ...diagnose(facts).find(({ subject }) => subject === "protocol") };
};

test("an edge that takes other versions of the protocol is no edge for this agent, and which of the two is to be changed is said", () => {
  expect(protocolOf({ oldest: PROTOCOL_VERSION - 1, newest: PROTOCOL_VERSION })).toMatchObject({ serves: true, level: "ok" });
  expect(protocolOf({ oldest: PROTOCOL_VERSION, newest: PROTOCOL_VERSION + 1 })).toMatchObject({ serves: true, level: "ok" });
  expect(protocolOf({ oldest: PROTOCOL_VERSION + 1, newest: PROTOCOL_VERSION + 2 })).toMatchObject({
    serves: false,
    advice: expect.stringContaining("stargraph-agent@latest"),
  });
  expect(protocolOf({ oldest: PROTOCOL_VERSION - 1, newest: PROTOCOL_VERSION - 1 })).toMatchObject({
    serves: false,
    advice: expect.stringContaining("an earlier version"),
  });
});

test("with several engines, each says what it lacks for a type", () => {
  const engines: Facts["engines"] = [
    { name: "sdapi", health: { isReady: true }, models: MODELS.slice(0, 1) },
    { name: "comfyui", health: { isReady: false, reason: "nothing answers" }, models: [] },
  ];
  const video = diagnose({ ...WELL, engines }).find(({ subject }) => subject === "TEXT2VIDEO");
  expect(video?.text).toBe("no: sdapi cannot make videos; comfyui does not answer");
});

test("on a terminal a long line goes on where its text began, and no word is broken", () => {
  const findings = diagnose({ ...WELL, engines: [{ name: "comfyui", health: { isReady: true }, models: [] }] });
  const lines = describeFindings(findings, false, { paint: inBlackAndWhite, columns: 60 }).split("\n");
  const at = lines.findIndex((line) => line.startsWith("--  UPSCALE"));
  expect(lines.slice(at, at + 2)).toEqual([
    "--  UPSCALE     no: comfyui needs RealESRGAN_x4plus.pth in",
    "                its upscale_models",
  ]);
  expect(Math.max(...lines.slice(0, -3).map((line) => line.length))).toBeLessThanOrEqual(60);
});

test("an agent that offers no model which is asked for by default is told why it may wait for ever", () => {
  const namesOf = (...names: string[]) => {
    const models: AgentModel[] = names.map((name) => ({ name, engine: "built-in", types: ["TEXT2IMG"] }));
    return diagnose({ ...WELL, engines: [{ name: "built-in", health: { isReady: true }, models }] }).find(
      ({ subject }) => subject === "names",
    );
  };
  expect(namesOf("stargraph-scene")).toMatchObject({ level: "note", advice: expect.stringContaining("--map-model") });
  expect(namesOf("stargraph-scene", "stable-diffusion-v1-5")).toBeUndefined();
});
