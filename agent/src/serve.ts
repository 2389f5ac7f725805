import { setTimeout as sleep } from "node:timers/promises";
import type { AgentDeps } from "./agent.ts";
import { assemble } from "./assemble.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { controlAddress } from "./control/address.ts";
import { obeyOwner, statusOf } from "./control/obey-owner.ts";
import { listenForOwner } from "./control/server.ts";
import type { Delivery } from "./delivery.ts";
import type { EngineSet } from "./engines/engine-set.ts";
import type { Log } from "./log.ts";
import { openNetwork } from "./network.ts";
import { messageOf } from "./outside.ts";
import type { Spool } from "./spool.ts";
import type { StateFolder } from "./state-folder.ts";
import type { StatusPage } from "./status-page/status-page.ts";
import { AGENT_TIMINGS } from "./timings.ts";

/** Runs one agent until it is stopped, refused, or has left of its own. */
export async function serve(config: AgentConfig, state: StateFolder, engines: EngineSet, deps: AgentDeps): Promise<void> {
  const { log, timings = AGENT_TIMINGS } = deps;
  // A refusal by the edge ends the attempts just as the owner's stop does.
  const over = new AbortController();
  const signal = AbortSignal.any([deps.signal, over.signal]);
  const network = openNetwork(config);
  const agent = await assemble(config, state, engines, { network, log, timings, signal, onLeft: () => over.abort() });
  const { gate, runner, delivery, asking, link, conversation, leave } = agent;

  await takeUpAgain(agent, log);
  engines.onChange(() => {
    asking.announce();
    // An engine that has come up is work to ask for now, not at the next look.
    void gate.check();
  });
  // An engine that hangs must not hold up a stop.
  await Promise.race([gate.check(), aborted(signal)]);
  const control = await listenForOwner(controlAddress(config.stateFolder), (request) => obeyOwner(request, agent));
  const looking = setInterval(() => void gate.check(), timings.lookMs);
  const repeating = delivery.repeatUntilStopped();
  deps.finish?.addEventListener("abort", leave);
  if (deps.finish?.aborted) leave();
  const letGo = async () => {
    await runner.whenIdle();
    await engines.close();
  };
  let page: StatusPage | null = null;
  try {
    if (config.statusPort !== null) {
      const { openStatusPage } = await import("./status-page/status-page.ts");
      page = await openStatusPage(config.statusPort, () => statusOf(agent));
      log.info("status-page", `Status page: http://127.0.0.1:${page.port}/`);
    }
    deps.onServing?.(() => statusOf(agent));
    await link.run(conversation);
  } finally {
    over.abort();
    clearInterval(looking);
    deps.finish?.removeEventListener("abort", leave);
    await Promise.all([repeating, control.close(), page?.close()]);
    const limit = new AbortController();
    await Promise.race([letGo().finally(() => limit.abort()), sleep(timings.stopMs, undefined, { signal: limit.signal }).catch(() => {})]);
    await network.close();
  }
}

/** Delivers what an earlier process has drawn. */
async function takeUpAgain({ spool, delivery }: { spool: Spool; delivery: Delivery }, log: Log): Promise<void> {
  const onUnreadable = (attemptId: string, error: unknown) =>
    log.error("spool-unreadable", `A spooled result cannot be read: ${messageOf(error)}`, { attemptId });
  for (const meta of await spool.recover(onUnreadable)) {
    log.info("recovered", "Found a result that was not yet delivered", { attemptId: meta.attemptId });
    delivery.deliver(meta);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve());
    if (signal.aborted) resolve();
  });
