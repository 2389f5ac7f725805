import { previewPath } from "@star-graph/shared/agent-protocol";
import { AskForWork } from "./ask-for-work.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { Conversation } from "./connection.ts";
import { conversationOf, NOTHING_SAID } from "./conversation.ts";
import type { OwnersAgent } from "./control/obey-owner.ts";
import { Delivery } from "./delivery.ts";
import { Changes } from "./engines/changes.ts";
import { EngineError } from "./engines/engine.ts";
import type { EngineSet } from "./engines/engine-set.ts";
import { hasLostGpu } from "./engines/gpu-trouble.ts";
import { InputCache } from "./input-cache.ts";
import { fetchInputs } from "./inputs.ts";
import { Gate } from "./life/gate.ts";
import { Machine } from "./life/measure.ts";
import { readPause, writePause } from "./life/pause-file.ts";
import { Link, onlyAtEdge, urlAtEdge } from "./link.ts";
import type { Log } from "./log.ts";
import { runToolUntil } from "./machine/tool.ts";
import type { HttpRequest, Network } from "./network.ts";
import { messageOf } from "./outside.ts";
import { limitModels, reasonOfOwner } from "./owner-limits.ts";
import { postPreview } from "./post-preview.ts";
import type { End } from "./produce-result.ts";
import { Runner } from "./runner.ts";
import { capabilitiesOf, statusOf } from "./self-facts.ts";
import { SelfReport } from "./self-report.ts";
import { readSpeeds, withSpeeds } from "./speeds.ts";
import { Spool } from "./spool.ts";
import type { StateFolder } from "./state-folder.ts";
import type { AgentTimings } from "./timings.ts";

export interface Surroundings {
  network: Network;
  log: Log;
  timings: AgentTimings;
  signal: AbortSignal;
  /** It was to leave, and nothing is left to do. */
  onLeft: () => void;
}

export interface AgentParts extends OwnersAgent {
  spool: Spool;
  link: Link;
  asking: AskForWork;
  conversation: Conversation;
}

/** The parts of one agent, each made of those before it. None of them does anything yet. */
export async function assemble(config: AgentConfig, state: StateFolder, engines: EngineSet, around: Surroundings): Promise<AgentParts> {
  const { network, log, timings, signal, onLeft } = around;
  const startedMs = performance.now();
  const said = { ...NOTHING_SAID };
  const counts = { drawn: 0, failed: 0 };
  // What may have become of this agent is one question, asked again whenever any part of it has changed.
  const changes = new Changes();
  const onChange = () => changes.tell();

  // The box: its disk, its GPUs, its owner.
  const spool = new Spool(state.spoolFolder);
  const inputs = new InputCache(state.inputsFolder, config.inputCacheBytes, Date.now);
  const onCacheTrouble = (error: unknown) => log.warn("input-not-cached", `The cache of input pictures is of no use: ${messageOf(error)}`);
  // A full disk is for the gate to judge.
  await inputs.open().catch(onCacheTrouble);
  const machine = new Machine(config.stateFolder, spool, config.rest, () => engines.engines, runToolUntil(signal));
  const gpus = await machine.findGpus();
  const gate = new Gate(
    {
      rules: config.rest,
      look: (isWorking) => machine.look(isWorking),
      isWorking: () => engines.isWorking,
      freeMemory: () => engines.freeMemory(),
      keepPause: (untilMs) => writePause(state.pausePath, untilMs),
      onChange,
      log,
    },
    await readPause(state.pausePath),
  );
  const speeds = await readSpeeds(state.speedsPath);
  const models = () => withSpeeds(limitModels(engines.models(), config.limits), speeds);

  // The way to the edge.
  const request: HttpRequest = (url, options) => network.request(onlyAtEdge(config.edge, url), options);
  const { edge, key, name } = config;
  const link = new Link({
    edge,
    key,
    agentId: state.agentId,
    network,
    backoff: timings.reconnect,
    welcomeMs: timings.welcomeMs,
    log,
    signal,
  });
  const send = link.send.bind(link);
  const report = new SelfReport({
    capabilities: () => capabilitiesOf({ slots: engines.slots, models: models(), gpus, ownTasks: config.limits.ownTasks }),
    status: () => statusOf(engines.residentModels(), gate),
    send,
  });

  // The work: from the edge's offer to its acknowledgement.
  const delivery = new Delivery({
    spool,
    log,
    send,
    request,
    uploadBackoff: timings.upload,
    progressMs: () => said.progressMs,
    repeatMs: timings.repeatEndMs,
    signal,
    onChange,
  });
  const runner = new Runner({
    engines,
    spool,
    delivery,
    log,
    send,
    limits: () => said,
    signal,
    refuse: (task) => reasonOfOwner(task, config.limits),
    onSlotsChanged: onChange,
    onEnd: (end: End) => {
      if (end.kind === "spooled") counts.drawn++;
      if (end.kind === "failed") counts.failed++;
      // An engine explains what went wrong with it; a disk that takes no more has many names.
      if (end.kind === "failed" && !(end.error instanceof EngineError)) machine.suspectDisk();
      if (end.kind === "spooled" || end.kind === "failed") gate.noteEnd(end.kind === "failed" && hasLostGpu(end.error));
      void gate.checkAfterTask();
    },
    postPreview: (attemptId, grant, picture, contentType) =>
      postPreview(urlAtEdge(edge, previewPath(attemptId)), grant, picture, { contentType, request, signal }),
    fetchInputs: (wanted, grant, folder, stop) => {
      const onRetry = (reason: string, waitMs: number) => log.warn("input-retried", `Input not fetched: ${reason}`, { waitMs });
      const { upload: backoff, inputMs: limitMs } = timings;
      return fetchInputs(wanted, grant, folder, { request, backoff, limitMs, signal: stop, onRetry, cache: inputs, onCacheTrouble });
    },
  });
  const asking = new AskForWork({
    freeEngineSlots: () => (models().length > 0 ? engines.freeSlots : 0),
    freeByEngine: () => engines.freeByEngine,
    running: () => runner.attemptIds.length,
    undelivered: () => delivery.attemptIds.length,
    isResting: () => !gate.isOpen,
    tellSelf: () => report.tell(),
    sayReady: (room) => send({ type: "ready", ...room }),
    onLeft,
    log,
  });
  changes.listen(() => asking.announce());

  const size = () => ({ models: models().length, slots: engines.slots });
  return {
    spool,
    link,
    gate,
    runner,
    delivery,
    engines,
    asking,
    leave: () => asking.leave(),
    facts: () => ({
      name,
      edge: edge.origin,
      isConnected: link.isUp,
      isLeaving: asking.isLeaving,
      standing: said.standing,
      ...counts,
      upMs: Math.round(performance.now() - startedMs),
    }),
    conversation: conversationOf({ id: state.agentId, name, edge, said, size, report, runner, delivery, asking, log }),
  };
}
