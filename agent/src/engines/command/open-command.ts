import type { Log } from "../../log.ts";
import { CommandEngine } from "./command-engine.ts";
import type { CommandSettings } from "./settings.ts";

/** Nothing is started before there is a task. */
export async function openCommand(settings: CommandSettings, { log }: { log: Log }): Promise<CommandEngine> {
  return new CommandEngine(settings, { log, timings: { killMs: 5_000, endMs: 10_000 } });
}
