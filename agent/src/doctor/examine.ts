import { totalmem } from "node:os";
import { z } from "zod";
import type { PartialConfig } from "../config/agent-config.ts";
import { tellAgent } from "../control/client.ts";
import type { EngineSet } from "../engines/engine-set.ts";
import { LEFT_OUT } from "../engines/left-out.ts";
import type { OpenEngines } from "../engines/open-engines.ts";
import type { EngineSettings } from "../engines/settings.ts";
import { USUAL_SERVERS } from "../engines/usual-servers.ts";
import type { Log } from "../log.ts";
import { urlAtEdge } from "../link.ts";
import { findGpus } from "../machine/gpus.ts";
import { runTool } from "../machine/tool.ts";
import { type Network, openNetwork } from "../network.ts";
import { messageOf, parseJson } from "../outside.ts";
import { Refusal } from "../refusal.ts";
import type { EdgeAnswer, EngineFacts, Facts } from "./facts.ts";
import { lookAtDisk } from "./look-at-disk.ts";
import { tryLine } from "./try-line.ts";

const ANSWER_MS = 10_000;

/** Looks at everything at once. It registers nothing: the line is closed again before the agent would say hello. */
export async function examine(config: PartialConfig, openEngines: OpenEngines): Promise<Facts> {
  const network = openNetwork(config);
  const { edge, key, stateFolder } = config;
  try {
    const [answer, line, running, disk, found, engines, unused] = await Promise.all([
      edge ? askEdge(edge, network) : null,
      edge && key ? tryLine(edge, key, network, ANSWER_MS) : ({ kind: "not-tried" } as const),
      tellAgent(stateFolder, { command: "status" }).catch(() => null),
      lookAtDisk(stateFolder),
      findGpus(runTool, process.platform, totalmem()),
      lookAtEngines(config, openEngines),
      findUnused(config, network),
    ]);
    return {
      nodeVersion: process.versions.node,
      hasKey: key !== null,
      edge: edge && answer ? { address: edge.origin, answer } : null,
      line,
      runningPid: running?.pid ?? null,
      stateFolder,
      disk,
      freeMemoryBytes: process.availableMemory(),
      gpus: found?.gpus ?? [],
      ...engines,
      unused,
      limits: config.limits,
      rules: config.rest,
    };
  } finally {
    await network.close();
  }
}

/** Every answer of an edge is an envelope with its time in it; this one also says which agents it takes. */
const Envelope = z.object({
  timestamp: z.number(),
  data: z
    .object({ agentProtocol: z.object({ oldest: z.number(), newest: z.number() }).nullable().catch(null) })
    .nullish()
    .catch(null),
});

async function askEdge(edge: URL, { request }: Network): Promise<EdgeAnswer> {
  const startedMs = performance.now();
  try {
    const answer = await request(urlAtEdge(edge, "/health"), { signal: AbortSignal.timeout(ANSWER_MS) });
    const body = (await answer.body.text()).slice(0, 10_000);
    const tookMs = performance.now() - startedMs;
    const envelope = Envelope.safeParse(parseJson(body));
    if (!envelope.success) return { kind: "other", status: answer.statusCode };
    // The edge's time is from about the middle of the exchange.
    return {
      kind: "up",
      tookMs,
      skewMs: Date.now() - tookMs / 2 - envelope.data.timestamp,
      protocols: envelope.data.data?.agentProtocol ?? null,
    };
  } catch (error) {
    return { kind: "down", reason: messageOf(error) };
  }
}

async function lookAtEngines(
  { engines: settings }: PartialConfig,
  openEngines: OpenEngines,
): Promise<Pick<Facts, "engines" | "enginesTrouble" | "leftOut">> {
  const engines: EngineFacts[] = [];
  const leftOut: string[] = [];
  const log: Log = {
    info: () => {},
    warn: (event, message) => void (event === LEFT_OUT && leftOut.push(message)),
    error: () => {},
  };
  const troubles: string[] = [];
  // One by one, so that one that can never run here does not hide the others.
  for (const one of settings) {
    try {
      const set = await openEngines([lookedAt(one)], { log });
      engines.push(...(await factsOf(set)));
      await set.close();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      troubles.push(error.message);
    }
  }
  return { engines, leftOut, enginesTrouble: troubles.length > 0 ? troubles.join(" ") : null };
}

/** Looking starts no server. */
function lookedAt(settings: EngineSettings): EngineSettings {
  return settings.engine === "comfyui" ? { ...settings, start: undefined } : settings;
}

async function factsOf(set: EngineSet): Promise<EngineFacts[]> {
  return Promise.all(
    set.engines.map(async (engine) => {
      const health = await engine.health();
      if (health.isReady) await engine.look();
      return { name: engine.name, health, models: set.models() };
    }),
  );
}

async function findUnused({ engines }: PartialConfig, { request }: Network): Promise<Facts["unused"]> {
  const used = new Set<string>(engines.map(({ engine }) => engine));
  const answers = await Promise.all(
    USUAL_SERVERS.filter(({ engine }) => !used.has(engine)).map(async ({ name, address, path, engine, isIt, isWithoutApi }) => {
      try {
        const answer = await request(`${address}${path}`, { signal: AbortSignal.timeout(2_000) });
        const body = parseJson(await answer.body.text());
        const hasApi = answer.statusCode === 200 && isIt(body);
        return hasApi || isWithoutApi?.(answer.statusCode) === true ? [{ name, engine, address, hasApi }] : [];
      } catch {
        return [];
      }
    }),
  );
  return answers.flat();
}
