import type { AgentConfig } from "./config/agent-config.ts";
import type { ControlStatus } from "./control/messages.ts";
import type { OpenEngines } from "./engines/open-engines.ts";
import type { Log } from "./log.ts";
import { serve } from "./serve.ts";
import { openStateFolder } from "./state-folder.ts";
import type { AgentTimings } from "./timings.ts";

export interface AgentDeps {
  openEngines: OpenEngines;
  log: Log;
  /** Ends the agent: running attempts are dropped, finished ones wait on disk for the next start. */
  signal: AbortSignal;
  /** Ends it once what runs is done and delivered. */
  finish?: AbortSignal;
  /** Told once it serves, with a way to ask how it is. */
  onServing?: (statusNow: () => ControlStatus) => void;
  timings?: AgentTimings;
}

/**
 * One agent from start to stop.
 * @throws {Refusal} it could not start, or the edge does not want it.
 */
export async function runAgent(config: AgentConfig, deps: AgentDeps): Promise<void> {
  const state = await openStateFolder(config.stateFolder);
  try {
    const engines = await deps.openEngines(config.engines, { log: deps.log, stateFolder: config.stateFolder });
    await serve(config, state, engines, deps);
  } finally {
    await state.release();
  }
}
