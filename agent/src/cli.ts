import { writeHelp } from "./commands/help.ts";
import { run } from "./commands/run.ts";
import { type CommandLine, parseCommandLine } from "./config/command-line.ts";
import { UsageError } from "./config/usage-error.ts";
import { enginesOf, type OpenEngines } from "./engines/open-engines.ts";
import { messageOf } from "./outside.ts";
import { Refusal } from "./refusal.ts";
import { AGENT_VERSION } from "./version.ts";

/** @returns the exit code. The process then ends by itself, except when an engine that hangs keeps it. */
export async function main(argv: readonly string[], openEngines: OpenEngines = enginesOf()): Promise<number> {
  try {
    return await perform(parseCommandLine(argv), openEngines);
  } catch (error) {
    if (error instanceof Refusal) process.stderr.write(`stargraph-agent: ${error.message}\n`);
    if (error instanceof Refusal) return error.exitCode;
    if (!(error instanceof UsageError)) return unforeseen(error);
    process.stderr.write(`stargraph-agent: ${error.message}. See stargraph-agent --help.\n`);
    return 2;
  }
}

async function perform(line: CommandLine, openEngines: OpenEngines): Promise<number> {
  if (line.asks === "help") return print(writeHelp(line.command));
  if (line.asks === "version") return print(`${AGENT_VERSION}\n`);
  switch (line.command) {
    case "run": {
      const code = await run(line, openEngines);
      setTimeout(() => process.exit(code), 200).unref();
      return code;
    }
    case "doctor":
      return (await import("./commands/doctor.ts")).doctor(line, openEngines);
    case "init":
      return (await import("./commands/init.ts")).init(line);
    case "bench":
      return (await import("./commands/bench.ts")).bench(line, openEngines);
    case "service":
      return (await import("./commands/service.ts")).service(line);
    case "status":
      return (await import("./commands/tell.ts")).status(line);
    case "pause":
      return (await import("./commands/tell.ts")).pause(line);
    case "resume":
      return (await import("./commands/tell.ts")).resume(line);
    case "drain":
      return (await import("./commands/tell.ts")).drain(line);
  }
}

/** Where it happened is of use to who mends it, and to nobody else. */
function unforeseen(error: unknown): number {
  process.stderr.write(`stargraph-agent: ${messageOf(error)}. STARGRAPH_DEBUG=1 shows where it came from.\n`);
  if (process.env["STARGRAPH_DEBUG"] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return 1;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
