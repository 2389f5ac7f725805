import { runAgent } from "./agent.ts";
import { type AgentConfig, type CommandLine, type EngineName, readCommandLine, UsageError } from "./config.ts";
import { openBuiltInEngine } from "./engines/built-in.ts";
import type { Engine } from "./engines/engine.ts";
import { HELP } from "./help.ts";
import { createLog } from "./log.ts";
import { Refusal } from "./refusal.ts";
import { listenForStop } from "./stop-signals.ts";
import { AGENT_VERSION } from "./version.ts";

type Engines = Readonly<Record<EngineName, () => Promise<Engine>>>;

const ENGINES: Engines = { "built-in": openBuiltInEngine };

/** @returns the exit code. The process then ends by itself, except when an engine that hangs keeps it. */
export async function main(argv: readonly string[], engines: Engines = ENGINES): Promise<number> {
  let command: CommandLine;
  try {
    command = readCommandLine(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`stargraph-agent: ${error.message}. See stargraph-agent --help.\n`);
    return 2;
  }
  switch (command.kind) {
    case "help":
      process.stdout.write(HELP);
      return 0;
    case "version":
      process.stdout.write(`${AGENT_VERSION}\n`);
      return 0;
    case "run": {
      const code = await run(command.config, engines[command.config.engine]);
      setTimeout(() => process.exit(code), 200).unref();
      return code;
    }
  }
}

async function run(config: AgentConfig, openEngine: () => Promise<Engine>): Promise<number> {
  const log = createLog(config.log);
  const { signal, stopListening } = listenForStop();
  signal.addEventListener("abort", () => log.info("stopping", "Stopping"));
  try {
    await runAgent(config, { openEngine, log, signal });
    log.info("bye", "Stopped");
    return 0;
  } catch (error) {
    if (error instanceof Refusal) log.error("refused", error.message);
    else log.error("crashed", error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  } finally {
    stopListening();
  }
}
