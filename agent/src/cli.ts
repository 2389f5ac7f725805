import { runAgent } from "./agent.ts";
import { type AgentConfig, type CommandLine, readCommandLine, UsageError } from "./config.ts";
import { enginesOf, type OpenEngines } from "./engines/open-engines.ts";
import { HELP } from "./help.ts";
import { createLog } from "./log.ts";
import { Refusal } from "./refusal.ts";
import { listenForStop } from "./stop-signals.ts";
import { AGENT_VERSION } from "./version.ts";

/** @returns the exit code. The process then ends by itself, except when an engine that hangs keeps it. */
export async function main(argv: readonly string[], openEngines: OpenEngines = enginesOf()): Promise<number> {
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
      const code = await run(command.config, openEngines);
      setTimeout(() => process.exit(code), 200).unref();
      return code;
    }
  }
}

async function run(config: AgentConfig, openEngines: OpenEngines): Promise<number> {
  const log = createLog(config.log);
  const { signal, stopListening } = listenForStop();
  signal.addEventListener("abort", () => log.info("stopping", "Stopping"));
  try {
    await runAgent(config, { openEngines, log, signal });
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
