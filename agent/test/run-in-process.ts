import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { runAgent } from "../src/agent.ts";
import type { OwnerLimits, RestRules } from "../src/config/agent-config.ts";
import type { Engine } from "../src/engines/engine.ts";
import { EngineSet } from "../src/engines/engine-set.ts";
import { AGENT_TIMINGS, type AgentTimings } from "../src/timings.ts";
import { aLog, type RecordedLog } from "./builders.ts";
import { FakeEdge, KEY } from "./fake-edge.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

/** Waits that a person would not notice, so that tests wait for conditions only. */
const QUICK = {
  ...AGENT_TIMINGS,
  reconnect: { baseMs: 5, capMs: 20 },
  upload: { baseMs: 5, capMs: 20 },
  repeatEndMs: 40,
};

/** No machine that runs the tests is too small, too full or too hot. */
const AT_WORK: RestRules = {
  hours: [],
  isIdleOnly: false,
  coolDownMs: 0,
  maxTemperatureCelsius: 120,
  minFreeDiskBytes: 0,
  minFreeMemoryBytes: 0,
  freeAfterMs: 600_000,
};

export interface RunningAgent {
  edge: FakeEdge;
  engine: ScriptedEngine;
  log: RecordedLog;
  stateFolder: string;
  /** Settles as `runAgent` does. */
  ended: Promise<void>;
  /** As the first Ctrl-C. */
  finish: () => void;
  stop: () => Promise<void>;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stargraph-agent-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function startedEdge(): Promise<FakeEdge> {
  const edge = await FakeEdge.start();
  onTestFinished(() => edge.stop());
  return edge;
}

/** A whole agent in this process, with an engine that the test steps, against a real server. */
export async function startAgent(
  options: {
    slots?: number;
    edge?: FakeEdge;
    /** In place of the one that the test steps. */
    otherEngine?: Engine;
    /** Beside it, with one slot each. */
    furtherEngines?: Engine[];
    stateFolder?: string;
    timings?: Partial<AgentTimings>;
    limits?: Partial<OwnerLimits>;
    rest?: Partial<RestRules>;
    inputCacheBytes?: number;
  } = {},
): Promise<RunningAgent> {
  const edge = options.edge ?? (await startedEdge());
  const stateFolder = options.stateFolder ?? (await temporaryFolder());
  const engine = new ScriptedEngine();
  const log = aLog();
  const stop = new AbortController();
  const finish = new AbortController();
  const ended = runAgent(
    {
      edge: new URL(edge.url),
      key: KEY,
      name: "box",
      stateFolder,
      engines: [],
      isEngineChosen: true,
      log: "text",
      limits: { types: null, models: null, maxPixels: null, ownTasks: "any", refusedWords: [], ...options.limits },
      rest: { ...AT_WORK, ...options.rest },
      inputCacheBytes: options.inputCacheBytes ?? 1e6,
      statusPort: null,
      stopWithinMs: 0,
      extraAuthorities: null,
      proxy: null,
    },
    {
      openEngines: async () =>
        new EngineSet([
          { engine: options.otherEngine ?? engine, slots: options.slots ?? 1, mappedModels: [{ name: "mapped-model", types: null }] },
          ...(options.furtherEngines ?? []).map((one) => ({ engine: one, slots: 1, mappedModels: [] })),
        ]),
      log,
      signal: stop.signal,
      finish: finish.signal,
      timings: { ...QUICK, ...options.timings },
    },
  );
  // A test that expects a refusal awaits `ended` later than it may reject.
  ended.catch(() => {});
  const agent: RunningAgent = {
    edge,
    engine,
    log,
    stateFolder,
    ended,
    finish: () => finish.abort(),
    async stop() {
      stop.abort();
      await ended;
    },
  };
  onTestFinished(() => agent.stop().catch(() => {}));
  return agent;
}
