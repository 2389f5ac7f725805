import path from "node:path";
import readline from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { z } from "zod";
import { StartError } from "./options.ts";

/** How long a polite goodbye may take. */
const STOP_MS = 3_000;

const LogLine = z.object({ event: z.string(), message: z.string().optional() });

/** A fresh agent gets this many tries in a row; one that had registered starts the count again. */
const MAX_TRIES = 3;
const RETRY_MS = 1_000;

export interface AgentProcess {
  /** The first registration. */
  registered: Promise<void>;
  /** Rejects with a `StartError` when it cannot be kept running; resolves after `stop`. */
  ended: Promise<void>;
  stop: () => Promise<void>;
}

export interface AgentOptions {
  projectFolder: string;
  stateFolder: string;
  edge: string;
  agentKey: string;
  /** API model names that the built-in engine stands in for, each as `NAME:TYPE+TYPE`. */
  models: string[];
  /** One line of its log. */
  onLine: (line: string) => void;
  /** Something that the person at the terminal should know. */
  onNotice: (text: string) => void;
}

/** Runs the agent's own program, as a GPU owner does, and starts it again when it dies. */
export function startAgent(options: AgentOptions): AgentProcess {
  const stopping = new AbortController();
  const { promise: registered, resolve: onRegistered } = Promise.withResolvers<void>();
  const ended = keepRunning(options, stopping.signal, onRegistered);
  return {
    registered: Promise.race([registered, ended]),
    ended,
    async stop() {
      stopping.abort();
      await ended.catch(() => undefined);
    },
  };
}

async function keepRunning(options: AgentOptions, stop: AbortSignal, onRegistered: () => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { hadRegistered, how } = await runOnce(options, stop, onRegistered);
    if (stop.aborted) return;
    if (hadRegistered) tries = 1;
    if (tries >= MAX_TRIES) throw new StartError(`The agent ended: ${how}`);
    options.onNotice(`The agent ended (${how}); starting it again.`);
    await delay(RETRY_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
  }
}

async function runOnce(
  options: AgentOptions,
  stop: AbortSignal,
  onRegistered: () => void,
): Promise<{ hadRegistered: boolean; how: string }> {
  const { projectFolder, stateFolder, edge, agentKey, models, onLine } = options;
  const program = path.join(projectFolder, "agent/bin/stargraph-agent.mjs");
  const flags = [
    "--edge",
    edge,
    "--engine",
    "built-in",
    "--state",
    path.join(stateFolder, "agent"),
    "--slots",
    "2",
    "--name",
    "local",
    "--log",
    "json",
    // Whoever stops the whole system waits for it.
    "--stop-within",
    "0s",
  ];
  const child = execa(process.execPath, [program, ...flags, "--map-model", models.join(",")], {
    // The key goes by environment: no process list shows it. Fewer allocation arenas halve what drawing threads keep (glibc).
    env: { STARGRAPH_KEY: agentKey, MALLOC_ARENA_MAX: "2" },
    // With this channel the agent notices when this process is gone, however it went.
    ipc: true,
    stdin: "ignore",
    buffer: false,
    reject: false,
    cancelSignal: stop,
    forceKillAfterDelay: STOP_MS,
  });
  let hadRegistered = false;
  let lastWords = "";
  const listen = (line: string) => {
    onLine(line);
    const said = parseLine(line);
    lastWords = said.message ?? line;
    if (said.event !== "registered") return;
    hadRegistered = true;
    onRegistered();
  };
  for (const stream of [child.stdout, child.stderr]) readline.createInterface({ input: stream }).on("line", listen);
  const { exitCode, signal } = await child;
  return { hadRegistered, how: signal ?? `exit code ${exitCode}: ${lastWords}` };
}

function parseLine(line: string): { event: string; message?: string | undefined } {
  try {
    return LogLine.parse(JSON.parse(line));
  } catch {
    // Not one of its log lines: a crash's own words.
    return { event: "", message: line };
  }
}
