import type { AgentMessage, OfferMessage } from "@star-graph/shared/agent-protocol";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskProgress, TaskType } from "@star-graph/shared/task";
import { modelOf, workOf } from "@star-graph/shared/work";
import type { Delivery } from "./delivery.ts";
import type { Engine } from "./engines/engine.ts";
import type { EngineSet } from "./engines/engine-set.ts";
import { toFailure } from "./failure.ts";
import type { Log } from "./log.ts";
import { reasonToReject } from "./offer.ts";
import { messageOf } from "./outside.ts";
import { Previews } from "./previews.ts";
import { type End, type ProduceDeps, produceResult } from "./produce-result.ts";
import { ProgressReporter } from "./progress.ts";

export interface RunnerDeps extends ProduceDeps {
  engines: EngineSet;
  delivery: Delivery;
  log: Log;
  send: (message: AgentMessage) => boolean;
  limits: () => { progressMs: number; maxResultBytes: number };
  signal: AbortSignal;
  /** Why the owner does not want a task, or null. */
  refuse: (task: EngineTask) => string | null;
  onSlotsChanged: () => void;
  /** An engine is done with an attempt; nobody has been told yet. */
  onEnd: (end: End) => void;
  /** Shows the edge what an attempt looks like so far. */
  postPreview: (attemptId: string, grant: string, picture: Uint8Array, contentType: string) => Promise<void>;
}

interface RunningAttempt {
  task: EngineTask;
  engine: Engine;
  /** By the engine's own name. */
  model: string;
  /** Gives the engine's slot back. */
  release: () => void;
  abort: AbortController;
  progress: ProgressReporter;
  previews: Previews;
  startedMs: number;
}

export interface RunningTask {
  attemptId: string;
  type: TaskType;
  model: string;
  engine: string;
  /** Null before the engine has said anything. */
  progress: TaskProgress | null;
  elapsedMs: number;
}

/** From the edge's offer to the engine's last byte. It goes on while the line is down; `Delivery` does the rest. */
export class Runner {
  readonly #deps: RunnerDeps;
  readonly #running = new Map<string, RunningAttempt>();
  readonly #runs = new Set<Promise<void>>();

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
  }

  get attemptIds(): string[] {
    return [...this.#running.keys()];
  }

  /** What runs now, for its owner's eyes. */
  get tasks(): RunningTask[] {
    return [...this.#running].map(([attemptId, { task, engine, progress, startedMs }]) => ({
      attemptId,
      type: task.type,
      model: modelOf(task),
      engine: engine.name,
      progress: progress.newest,
      elapsedMs: Math.round(performance.now() - startedMs),
    }));
  }

  offer(offer: OfferMessage, freeSlots: number): void {
    const { send, log, engines, delivery } = this.#deps;
    const { attemptId, task } = offer;
    // Told twice, because the edge did not hear the first answer.
    if (this.#running.has(attemptId) || delivery.has(attemptId)) {
      send({ type: "accepted", attemptId });
      return;
    }
    const unfit = reasonToReject(attemptId, freeSlots) ?? this.#deps.refuse(task);
    const claim = engines.claim(task, offer.memoryBytes);
    if (claim.kind === "refused" || unfit !== null) {
      if (claim.kind === "claimed") claim.release();
      const reason = claim.kind === "refused" ? claim.reason : (unfit ?? "");
      log.warn("rejected", `Offer rejected: ${reason}`, { attemptId });
      send({ type: "rejected", attemptId, reason: reason.slice(0, 500) });
      return;
    }
    const { pixels, work } = workOf(task);
    const { engine, model, release } = claim;
    const what = `${task.type} with ${modelOf(task)}, ${(pixels / 1e6).toFixed(2)} megapixels`;
    log.info("accepted", what, { attemptId, engine: engine.name, pixels, work });
    const progress = new ProgressReporter(this.#deps.limits().progressMs, (step) => send({ type: "progress", attemptId, ...step }));
    const previews = new Previews({
      post: (picture, contentType) => this.#deps.postPreview(attemptId, offer.upload.grant, picture, contentType),
      nowMs: () => performance.now(),
      onFailure: (error) => log.warn("preview-lost", `A preview was not shown: ${messageOf(error)}`, { attemptId }),
    });
    const attempt: RunningAttempt = {
      task,
      engine,
      model,
      release,
      abort: new AbortController(),
      progress,
      previews,
      startedMs: performance.now(),
    };
    this.#running.set(attemptId, attempt);
    send({ type: "accepted", attemptId });
    this.#deps.onSlotsChanged();
    const run = this.#run(offer, attempt).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  /** Drops it now. The answer is always `stopped`, at once for an attempt that this agent does not have. */
  async cancel(attemptId: string): Promise<void> {
    const attempt = this.#running.get(attemptId);
    this.#deps.log.info("cancelled", "Cancelled by the edge", { attemptId, ...(attempt && { step: attempt.progress.step }) });
    if (attempt) {
      attempt.abort.abort(new Error("cancelled"));
      return;
    }
    await this.#deps.delivery.forget(attemptId);
    this.#deps.send({ type: "stopped", attemptId });
  }

  /** Drops all that runs: the edge gives it to others. */
  giveBack(): void {
    for (const { abort } of this.#running.values()) abort.abort(new Error("given back"));
  }

  watch(attemptId: string, isWatched: boolean): void {
    this.#running.get(attemptId)?.previews.watch(isWatched);
  }

  repeatProgress(): void {
    for (const { progress } of this.#running.values()) progress.repeat();
  }

  /** Once every engine run has returned. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#runs);
  }

  async #run(offer: OfferMessage, attempt: RunningAttempt): Promise<void> {
    const { abort, progress } = attempt;
    const { attemptId } = offer;
    const { delivery, send, log, onSlotsChanged, onEnd } = this.#deps;
    const signal = AbortSignal.any([this.#deps.signal, abort.signal]);
    const end = await produceResult(this.#deps, offer, { ...attempt, signal });
    progress.close();
    attempt.previews.close();
    attempt.release();
    this.#running.delete(attemptId);
    onEnd(end);
    const tookMs = Math.round(performance.now() - attempt.startedMs);
    const what = `${attempt.task.type} with ${modelOf(attempt.task)}`;
    switch (end.kind) {
      case "spooled":
        log.info("drawn", `${what} drawn in ${(tookMs / 1000).toFixed(1)} s`, { attemptId, tookMs });
        delivery.deliver(end.meta);
        break;
      case "failed":
        log.error("failed", `${what} failed: ${messageOf(end.error)}`, { attemptId, tookMs });
        delivery.fail(toFailure(attemptId, end.error));
        break;
      case "stopped":
        send({ type: "stopped", attemptId });
        log.info("stopped", `${what} stopped`, { attemptId, tookMs, step: progress.step });
    }
    onSlotsChanged();
  }
}
