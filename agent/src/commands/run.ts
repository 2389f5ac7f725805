import { runAgent } from "../agent.ts";
import type { CommandLine } from "../config/command-line.ts";
import { readConfig, withEdgeAndKey } from "../config/read-config.ts";
import { chosenEngines } from "../engines/find-engine.ts";
import type { OpenEngines } from "../engines/open-engines.ts";
import { listenForStop } from "../life/stop-signals.ts";
import { createLog } from "../log.ts";
import { Refusal } from "../refusal.ts";
import { openViewWhereWanted } from "../view/wants-view.ts";

/** What a shell expects of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

export async function run(line: CommandLine, openEngines: OpenEngines): Promise<number> {
  const said = withEdgeAndKey(readConfig(line));
  const config = { ...said, engines: await chosenEngines(said) };
  const view = config.log === "text" ? await openViewWhereWanted(process.stdout, process.env) : null;
  const log = createLog(config.log, view?.print);
  const { finish, stop, stopListening } = listenForStop({
    stopWithinMs: config.stopWithinMs,
    leaveNow: () => {
      view?.close();
      process.exit(INTERRUPTED);
    },
  });
  finish.addEventListener("abort", () => log.info("leaving", "Leaving once what runs is done. Ctrl-C again gives it back"));
  stop.addEventListener("abort", () => log.info("stopping", "Stopping"));
  try {
    await runAgent(config, { openEngines, log, signal: stop, finish, ...(view && { onServing: view.show }) });
    view?.close();
    log.info("bye", "Stopped");
    return 0;
  } catch (error) {
    view?.close();
    if (error instanceof Refusal) log.error("refused", error.message);
    else log.error("crashed", error instanceof Error ? (error.stack ?? error.message) : String(error));
    return error instanceof Refusal ? error.exitCode : 1;
  } finally {
    stopListening();
  }
}
