import { setTimeout as sleep } from "node:timers/promises";
import { previewPath, PROTOCOL_VERSION, type HelloMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { Agent as HttpClient } from "undici";
import type { AgentConfig } from "./config.ts";
import type { WorkMessage } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import type { EngineSet } from "./engines/engine-set.ts";
import type { OpenEngines } from "./engines/open-engines.ts";
import { fetchInputs } from "./inputs.ts";
import { Link } from "./link.ts";
import type { Log } from "./log.ts";
import { freeSlots } from "./offer.ts";
import { postPreview } from "./post-preview.ts";
import { Runner } from "./runner.ts";
import { SelfReport } from "./self-report.ts";
import { Spool } from "./spool.ts";
import { openStateFolder, type StateFolder } from "./state-folder.ts";
import { AGENT_TIMINGS, type AgentTimings } from "./timings.ts";
import { AGENT_VERSION } from "./version.ts";

export interface AgentDeps {
  openEngines: OpenEngines;
  log: Log;
  /** Ends the agent: running attempts are dropped, finished ones wait on disk for the next start. */
  signal: AbortSignal;
  timings?: AgentTimings;
}

/**
 * One agent from start to stop.
 * @throws {Refusal} it could not start, or the edge does not want it.
 */
export async function runAgent(config: AgentConfig, deps: AgentDeps): Promise<void> {
  const state = await openStateFolder(config.stateFolder);
  try {
    const engines = await deps.openEngines(config.engines);
    await serve(config, state, engines, deps);
  } finally {
    await state.release();
  }
}

async function serve(config: AgentConfig, state: StateFolder, engines: EngineSet, deps: AgentDeps): Promise<void> {
  const { log, timings = AGENT_TIMINGS } = deps;
  // A refusal by the edge ends the attempts just as the owner's stop does.
  const over = new AbortController();
  const signal = AbortSignal.any([deps.signal, over.signal]);
  const limits: { progressMs: number; maxResultBytes: number } = {
    progressMs: DEFAULTS.progressMs,
    maxResultBytes: DEFAULTS.maxResultBytes,
  };
  const spool = new Spool(state.spoolFolder);
  const dispatcher = new HttpClient({ connections: 4, headersTimeout: 60_000, bodyTimeout: 60_000 });
  let isDraining = false;
  let announcedSlots: number | null = null;

  const slots = (): number =>
    freeSlots({
      free: engines.freeSlots,
      running: runner.attemptIds.length,
      unacknowledged: delivery.attemptIds.length,
      isDraining,
    });
  const announceSlots = () => {
    const free = slots();
    if (free !== announcedSlots && link.send({ type: "ready", freeSlots: free })) announcedSlots = free;
  };

  const link = new Link({
    edge: config.edge,
    key: config.key,
    backoff: timings.reconnect,
    welcomeMs: timings.welcomeMs,
    log,
    signal,
    hello: (): HelloMessage => ({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      agent: { id: state.agentId, name: config.name, version: AGENT_VERSION },
      capabilities: report.capabilities(),
      running: runner.attemptIds,
      finished: delivery.attemptIds.slice(0, 1000),
    }),
    onWelcome: (welcome) => {
      log.info("registered", `Registered with ${config.edge.origin} as "${config.name}"`, {
        agentId: state.agentId,
        models: engines.models().length,
        slots: engines.slots,
      });
      limits.progressMs = welcome.timings.progressMs;
      limits.maxResultBytes = welcome.maxResultBytes;
      isDraining = false;
      announcedSlots = null;
      report.tell();
      announceSlots();
      runner.repeatProgress();
      delivery.repeatEnds();
    },
    onMessage: (message) => onMessage(message),
  });
  const send = link.send.bind(link);
  const report = new SelfReport({
    // The protocol knows no agent without slots; one that can run nothing says so by offering no model.
    capabilities: () => ({ slots: Math.min(64, Math.max(1, engines.slots)), models: engines.models() }),
    status: () => ({ residentModels: engines.residentModels() }),
    send,
  });
  const delivery: Delivery = new Delivery({
    spool,
    log,
    send,
    dispatcher,
    uploadBackoff: timings.upload,
    progressMs: () => limits.progressMs,
    repeatMs: timings.repeatEndMs,
    signal,
    onChange: announceSlots,
  });
  const runner: Runner = new Runner({
    engines,
    spool,
    delivery,
    log,
    send,
    freeSlots: slots,
    limits: () => limits,
    signal,
    onSlotsChanged: announceSlots,
    postPreview: (attemptId, grant, picture, contentType) =>
      postPreview(new URL(previewPath(attemptId), config.edge), grant, picture, { contentType, dispatcher, signal }),
    fetchInputs: (inputs, grant, folder, stop) => {
      const onRetry = (reason: string, waitMs: number) => log.warn("input-retried", `Input not fetched: ${reason}`, { waitMs });
      return fetchInputs(inputs, grant, folder, { dispatcher, backoff: timings.upload, signal: stop, onRetry });
    },
  });

  const onMessage = (message: WorkMessage): void => {
    switch (message.type) {
      case "offer":
        runner.offer(message);
        return;
      case "cancel":
        void runner.cancel(message.attemptId);
        return;
      case "ack":
        log.info("acknowledged", `The edge has it: ${message.outcome}`, { attemptId: message.attemptId });
        void delivery.forget(message.attemptId);
        return;
      case "drain":
        log.info("draining", "The edge asks to take no more work");
        isDraining = true;
        announceSlots();
        return;
      case "standing":
        if (message.idleBecause !== undefined) log.info("idle", `No work: ${message.idleBecause}`, { state: message.state });
        return;
      case "watch":
        runner.watch(message.attemptId, message.watching);
    }
  };

  for (const meta of await spool.recover()) {
    log.info("recovered", "Found a result that was not yet delivered", { attemptId: meta.attemptId });
    delivery.deliver(meta);
  }
  engines.onChange(() => {
    report.tell();
    announceSlots();
  });
  const repeating = delivery.repeatUntilStopped();
  const letGo = async () => {
    await runner.whenIdle();
    await engines.close();
  };
  try {
    await link.run();
  } finally {
    over.abort();
    await repeating;
    const limit = new AbortController();
    await Promise.race([letGo().finally(() => limit.abort()), sleep(timings.stopMs, undefined, { signal: limit.signal }).catch(() => {})]);
    await dispatcher.destroy();
  }
}
