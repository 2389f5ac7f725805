import { setTimeout as sleep } from "node:timers/promises";
import { PROTOCOL_VERSION, type HelloMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { Agent as HttpClient } from "undici";
import type { AgentConfig } from "./config.ts";
import type { WorkMessage } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import type { Engine } from "./engines/engine.ts";
import { fetchInputs } from "./inputs.ts";
import { Link } from "./link.ts";
import type { Log } from "./log.ts";
import { freeSlots, offeredModels } from "./offer.ts";
import { Runner } from "./runner.ts";
import { Spool } from "./spool.ts";
import { openStateFolder, type StateFolder } from "./state-folder.ts";
import { AGENT_TIMINGS, type AgentTimings } from "./timings.ts";
import { AGENT_VERSION } from "./version.ts";

export interface AgentDeps {
  openEngine: () => Promise<Engine>;
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
    const engine = await deps.openEngine();
    await serve(config, state, engine, deps);
  } finally {
    await state.release();
  }
}

async function serve(config: AgentConfig, state: StateFolder, engine: Engine, deps: AgentDeps): Promise<void> {
  const { log, timings = AGENT_TIMINGS } = deps;
  // A refusal by the edge ends the attempts just as the owner's stop does.
  const over = new AbortController();
  const signal = AbortSignal.any([deps.signal, over.signal]);
  const models = offeredModels(engine.name, engine.models(), config.mappedModels);
  const limits: { progressMs: number; maxResultBytes: number } = {
    progressMs: DEFAULTS.progressMs,
    maxResultBytes: DEFAULTS.maxResultBytes,
  };
  const spool = new Spool(state.spoolFolder);
  const dispatcher = new HttpClient({ connections: 4, headersTimeout: 60_000, bodyTimeout: 60_000 });
  let isDraining = false;
  let announcedSlots: number | null = null;

  const slots = (): number =>
    freeSlots({ slots: config.slots, running: runner.attemptIds.length, unacknowledged: delivery.attemptIds.length, isDraining });
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
      capabilities: { slots: config.slots, models },
      running: runner.attemptIds,
      finished: delivery.attemptIds.slice(0, 1000),
    }),
    onWelcome: (welcome) => {
      log.info("registered", `Registered with ${config.edge.origin} as "${config.name}"`, {
        agentId: state.agentId,
        models: models.length,
        slots: config.slots,
      });
      limits.progressMs = welcome.timings.progressMs;
      limits.maxResultBytes = welcome.maxResultBytes;
      isDraining = false;
      announcedSlots = null;
      announceSlots();
      runner.repeatProgress();
      delivery.repeatEnds();
    },
    onMessage: (message) => onMessage(message),
  });
  const send = link.send.bind(link);
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
    engine,
    models,
    spool,
    delivery,
    log,
    send,
    freeSlots: slots,
    limits: () => limits,
    signal,
    onSlotsChanged: announceSlots,
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
  const repeating = delivery.repeatUntilStopped();
  const letGo = async () => {
    await runner.whenIdle();
    await engine.close();
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
