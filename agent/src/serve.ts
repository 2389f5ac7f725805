import { setTimeout as sleep } from "node:timers/promises";
import { previewPath, PROTOCOL_VERSION, type HelloMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { AgentDeps } from "./agent.ts";
import { AskForWork } from "./ask-for-work.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { controlAddress } from "./control/address.ts";
import { obeyOwner, type OwnersAgent, type Standing, statusOf as statusForOwner } from "./control/obey-owner.ts";
import { listenForOwner } from "./control/server.ts";
import { Delivery } from "./delivery.ts";
import { EngineError, isEnginesFault } from "./engines/engine.ts";
import type { EngineSet } from "./engines/engine-set.ts";
import { hearEdge } from "./hear-edge.ts";
import { InputCache } from "./input-cache.ts";
import { fetchInputs } from "./inputs.ts";
import { Gate } from "./life/gate.ts";
import { Machine } from "./life/measure.ts";
import { readPause, writePause } from "./life/pause-file.ts";
import { Link, onlyAtEdge, urlAtEdge } from "./link.ts";
import { type HttpRequest, openNetwork } from "./network.ts";
import { runToolUntil } from "./machine/tool.ts";
import { messageOf } from "./outside.ts";
import { limitModels, reasonOfOwner } from "./owner-limits.ts";
import { postPreview } from "./post-preview.ts";
import { Runner } from "./runner.ts";
import { capabilitiesOf, statusOf } from "./self-facts.ts";
import { SelfReport } from "./self-report.ts";
import { readSpeeds, withSpeeds } from "./speeds.ts";
import { Spool } from "./spool.ts";
import type { StateFolder } from "./state-folder.ts";
import type { StatusPage } from "./status-page/status-page.ts";
import { AGENT_TIMINGS } from "./timings.ts";
import { AGENT_VERSION } from "./version.ts";

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve());
    if (signal.aborted) resolve();
  });

/** Wires one agent together and runs it until it is stopped, refused, or has left of its own. */
export async function serve(config: AgentConfig, state: StateFolder, engines: EngineSet, deps: AgentDeps): Promise<void> {
  const { log, timings = AGENT_TIMINGS } = deps;
  const startedMs = performance.now();
  // A refusal by the edge ends the attempts just as the owner's stop does.
  const over = new AbortController();
  const signal = AbortSignal.any([deps.signal, over.signal]);
  const limits: { progressMs: number; maxResultBytes: number } = {
    progressMs: DEFAULTS.progressMs,
    maxResultBytes: DEFAULTS.maxResultBytes,
  };
  const spool = new Spool(state.spoolFolder);
  const network = openNetwork(config);
  const request: HttpRequest = (url, options) => network.request(onlyAtEdge(config.edge, url), options);
  const machine = new Machine(config.stateFolder, spool, config.rest, () => engines.engines, runToolUntil(signal));
  const counts = { drawn: 0, failed: 0 };
  let standing: Standing | null = null;

  const gpus = await machine.findGpus();
  const speeds = await readSpeeds(state.speedsPath);
  const models = () => withSpeeds(limitModels(engines.models(), config.limits), speeds);
  const inputs = new InputCache(state.inputsFolder, config.inputCacheBytes, Date.now);
  const onCacheTrouble = (error: unknown) => log.warn("input-not-cached", `The cache of input pictures is of no use: ${messageOf(error)}`);
  // A full disk is for the gate to judge.
  await inputs.open().catch(onCacheTrouble);

  const link = new Link({
    edge: config.edge,
    key: config.key,
    network,
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
        models: models().length,
        slots: engines.slots,
      });
      limits.progressMs = welcome.timings.progressMs;
      limits.maxResultBytes = welcome.maxResultBytes;
      asking.onWelcome();
      runner.repeatProgress();
      delivery.repeatEnds();
    },
    onMessage: (message) => hearEdge(message, { runner, delivery, asking, log, keepStanding: (newest) => void (standing = newest) }),
  });
  const send = link.send.bind(link);
  const gate = new Gate(
    {
      rules: config.rest,
      look: (isWorking) => machine.look(isWorking),
      isWorking: () => runner.attemptIds.length > 0,
      freeMemory: () => engines.freeMemory(),
      keepPause: (untilMs) => writePause(state.pausePath, untilMs),
      onChange: () => asking.announce(),
      log,
    },
    await readPause(state.pausePath),
  );
  const report = new SelfReport({
    capabilities: () => capabilitiesOf({ slots: engines.slots, models: models(), gpus, ownTasks: config.limits.ownTasks }),
    status: () => statusOf(engines.residentModels(), gate),
    send,
  });
  const delivery: Delivery = new Delivery({
    spool,
    log,
    send,
    request,
    uploadBackoff: timings.upload,
    progressMs: () => limits.progressMs,
    repeatMs: timings.repeatEndMs,
    signal,
    onChange: () => asking.announce(),
  });
  const runner: Runner = new Runner({
    engines,
    spool,
    delivery,
    log,
    send,
    freeSlots: () => asking.freeSlots,
    limits: () => limits,
    signal,
    refuse: (task) => reasonOfOwner(task, config.limits),
    onSlotsChanged: () => asking.announce(),
    onEnd: (end) => {
      if (end.kind === "spooled") counts.drawn++;
      if (end.kind === "failed") counts.failed++;
      // An engine explains what went wrong with it; a disk that takes no more has many names.
      if (end.kind === "failed" && !(end.error instanceof EngineError)) machine.suspectDisk();
      if (end.kind === "spooled") gate.noteEnd(true);
      if (end.kind === "failed" && isEnginesFault(end.error)) gate.noteEnd(false);
      gate.noteWork();
      // Between tasks the box is looked at before another one is asked for.
      void asking.after(gate.check());
    },
    postPreview: (attemptId, grant, picture, contentType) =>
      postPreview(urlAtEdge(config.edge, previewPath(attemptId)), grant, picture, { contentType, request, signal }),
    fetchInputs: (wanted, grant, folder, stop) => {
      const onRetry = (reason: string, waitMs: number) => log.warn("input-retried", `Input not fetched: ${reason}`, { waitMs });
      const { upload: backoff, inputMs: limitMs } = timings;
      return fetchInputs(wanted, grant, folder, { request, backoff, limitMs, signal: stop, onRetry, cache: inputs, onCacheTrouble });
    },
  });

  const asking: AskForWork = new AskForWork({
    freeEngineSlots: () => (models().length > 0 ? engines.freeSlots : 0),
    freeByEngine: () => engines.freeByEngine,
    running: () => runner.attemptIds.length,
    undelivered: () => delivery.attemptIds.length,
    isResting: () => gate.restingBecause !== null,
    tellSelf: () => report.tell(),
    sayReady: (room) => link.send({ type: "ready", ...room }),
    onLeft: () => over.abort(),
    log,
  });
  const leave = () => asking.leave();

  const owners: OwnersAgent = {
    gate,
    runner,
    delivery,
    engines,
    leave,
    facts: () => ({
      name: config.name,
      edge: config.edge.origin,
      isConnected: link.isUp,
      isLeaving: asking.isLeaving,
      standing,
      ...counts,
      upMs: Math.round(performance.now() - startedMs),
    }),
  };

  const onUnreadable = (attemptId: string, error: unknown) =>
    log.error("spool-unreadable", `A spooled result cannot be read: ${messageOf(error)}`, { attemptId });
  for (const meta of await spool.recover(onUnreadable)) {
    log.info("recovered", "Found a result that was not yet delivered", { attemptId: meta.attemptId });
    delivery.deliver(meta);
  }
  engines.onChange(() => {
    asking.announce();
    // An engine that has come up is work to ask for now, not at the next look.
    void gate.check();
  });
  // An engine that hangs must not hold up a stop.
  await Promise.race([gate.check(), aborted(signal)]);
  const control = await listenForOwner(controlAddress(config.stateFolder), (request) => obeyOwner(request, owners));
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
      page = await openStatusPage(config.statusPort, () => statusForOwner(owners));
      log.info("status-page", `Status page: http://127.0.0.1:${page.port}/`);
    }
    deps.onServing?.(() => statusForOwner(owners));
    await link.run();
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
