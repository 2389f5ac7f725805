import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { Inbox } from "./inbox.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
export const AGENT_FOLDER = path("..");
const BIN = path("../bin/stargraph-agent.mjs");
const WITH_TEST_ENGINE = path("./fixtures/agent-with-test-engine.ts");

export interface AgentProcess {
  child: ChildProcess;
  /** Lines of stdout. */
  lines: Inbox<string>;
  /** Its end, with all it had to say. */
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Waits for an event of `--log json`. */
  event(name: string): Promise<{ event: string; message: string }>;
}

export interface ProcessOptions {
  env?: Record<string, string>;
  withIpc?: boolean;
  nodeFlags?: string[];
}

/** The published command. */
export function startBin(args: readonly string[], options: ProcessOptions = {}): AgentProcess {
  return start([BIN, ...args], options);
}

/** The same command line with an engine that tests can rely on. */
export function startWithTestEngine(args: readonly string[], options: ProcessOptions = {}): AgentProcess {
  return start(testEngineCommand(args), options);
}

export function testEngineCommand(args: readonly string[]): string[] {
  return testEngineFor(["--log", "json", ...args]);
}

/** Another command of the same program. */
export function startCommand(command: string, args: readonly string[], options: ProcessOptions = {}): AgentProcess {
  return start(testEngineFor([command, ...args]), options);
}

/** The same command line as an owner types it. */
export function testEngineFor(args: readonly string[]): string[] {
  return ["--import", "tsx", WITH_TEST_ENGINE, ...args];
}

export function start(args: readonly string[], options: ProcessOptions): AgentProcess {
  return launch(process.execPath, [...(options.nodeFlags ?? []), ...args], options);
}

function launch(program: string, args: readonly string[], { env = {}, withIpc = false }: ProcessOptions): AgentProcess {
  const child = spawn(program, args, {
    cwd: AGENT_FOLDER,
    env: { ...withoutOurVariables(), ...env },
    stdio: ["pipe", "pipe", "pipe", ...(withIpc ? (["ipc"] as const) : [])],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const { stdout: output, stderr: errors } = child;
  if (!output || !errors) throw new Error("no pipes");
  const lines = new Inbox<string>();
  createInterface(output).on("line", (line) => lines.push(line));
  let stderr = "";
  errors.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  // The pipes close when nobody holds them any more, which includes a process that ours has started. (The child's own
  // "close" never comes after a disconnect.)
  const closed = Promise.all([once(child, "exit"), once(output, "close"), once(errors, "close")]);
  const ended = closed.then(() => ({ code: child.exitCode, stdout: lines.seen.join("\n"), stderr }));
  return {
    child,
    lines,
    ended,
    event: async (name) => JSON.parse(await lines.take((line) => line.includes(`"event":"${name}"`))) as { event: string; message: string },
  };
}

export function withoutOurVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("STARGRAPH_")));
}
