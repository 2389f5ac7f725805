import { setTimeout as sleep } from "node:timers/promises";
import type { EngineProgress } from "../engine.ts";
import { type ComfyClient, ServerSilent, type Submission } from "./client.ts";
import type { JobEvent, SentPicture } from "./events.ts";
import { serverGone } from "./failures.ts";
import type { SentJobs } from "./sent-jobs.ts";
import { type Job, type JobEffect, type JobEnd, judgeJob, newJob, onJobEvent, onJobPicture } from "./job.ts";

export interface JobTimings {
  /** How often the server is asked about a job of which nothing is heard: messages can be lost, and sockets go deaf. */
  pollMs: number;
  /** How often a cancel that had no effect yet is repeated. */
  cancelMs: number;
  /** A server that answers nothing for so long is gone, and its jobs with it. */
  goneMs: number;
  /** A cancelled job that goes on for so long is stuck in a node that never looks up. */
  stuckMs: number;
}

interface OpenJob {
  state: Job;
  onProgress: (progress: EngineProgress) => void;
  /** Wakes whoever waits for its end. */
  wake: () => void;
  /** Something was heard since it was looked at last. */
  isHurried: boolean;
}

/** The jobs that this program has in the server. Several programs and people may use the same one. */
export class Jobs {
  readonly #client: ComfyClient;
  readonly #sent: SentJobs;
  readonly #timings: JobTimings;
  readonly #clock: { nowMs: () => number };
  readonly #open = new Map<string, OpenJob>();
  /** The older form of previews does not say whose they are: the job that was told of last. */
  #atWork: string | null = null;

  constructor(client: ComfyClient, sent: SentJobs, timings: JobTimings, clock = { nowMs: () => performance.now() }) {
    this.#client = client;
    this.#sent = sent;
    this.#timings = timings;
    this.#clock = clock;
  }

  get count(): number {
    return this.#open.size;
  }

  onEvent(event: JobEvent): void {
    const open = this.#open.get(event.promptId);
    if (!open) return;
    if (event.kind === "executing") this.#atWork = event.node === null ? null : event.promptId;
    const { job, effects } = onJobEvent(open.state, event);
    this.#apply(open, job, effects);
  }

  onPicture({ promptId, bytes }: SentPicture): void {
    const open = this.#open.get(promptId ?? this.#atWork ?? "");
    if (!open) return;
    const { job, effects } = onJobPicture(open.state, bytes);
    this.#apply(open, job, effects);
  }

  /** What was said while the line was down is lost, also the end: asks about all jobs now. */
  askAll(): void {
    for (const open of this.#open.values()) hurry(open);
  }

  /**
   * Runs one graph to its end. Aborted, it returns only when the server works on it no more, or answers no more.
   * @throws {EngineError} the server refused it, or is gone.
   */
  async run(submission: Submission, onProgress: OpenJob["onProgress"], signal: AbortSignal): Promise<JobEnd> {
    const open: OpenJob = { state: newJob(submission.graph), onProgress, wake: () => {}, isHurried: false };
    let { promptId } = submission;
    this.#open.set(promptId, open);
    const stopAsking = new AbortController();
    const onAbort = () => hurry(open);
    signal.addEventListener("abort", onAbort, { signal: stopAsking.signal });
    let isOver = false;
    try {
      await this.#sent.expect(promptId);
      promptId = await this.#submit(submission, open);
      const end = await this.#follow(promptId, open, signal);
      isOver = end.kind !== "stuck";
      return end;
    } finally {
      stopAsking.abort();
      this.#open.delete(promptId);
      if (this.#atWork === promptId) this.#atWork = null;
      // A refusal of one of several outputs leaves the rest queued, and no answer leaves nobody any the wiser.
      if (isOver) void this.#sent.over(promptId);
      else this.#sent.giveUp(promptId);
    }
  }

  /** @returns the id that the server knows it by: a very old one chooses for itself. */
  async #submit(submission: Submission, open: OpenJob): Promise<string> {
    try {
      const promptId = await this.#client.submit(submission);
      if (promptId === submission.promptId) return promptId;
      this.#open.delete(submission.promptId);
      this.#open.set(promptId, open);
      await this.#sent.replace(submission.promptId, promptId);
      return promptId;
    } catch (error) {
      throw error instanceof ServerSilent ? Object.assign(serverGone(), { cause: error }) : error;
    }
  }

  async #follow(promptId: string, open: OpenJob, signal: AbortSignal): Promise<JobEnd> {
    const { pollMs, cancelMs, goneMs, stuckMs } = this.#timings;
    let answeredAtMs = this.#clock.nowMs();
    let cancelledAtMs: number | null = null;
    for (;;) {
      if (!open.isHurried && !signal.aborted) await this.#wait(open, pollMs);
      open.isHurried = false;
      try {
        if (signal.aborted) await this.#client.cancel(promptId);
        const end = await this.#look(promptId, open);
        if (end) return end;
        answeredAtMs = this.#clock.nowMs();
      } catch (error) {
        if (!(error instanceof ServerSilent)) throw error;
        if (this.#clock.nowMs() - answeredAtMs >= goneMs) throw Object.assign(serverGone(), { cause: error });
        await this.#wait(open, cancelMs);
      }
      if (!signal.aborted) continue;
      cancelledAtMs ??= this.#clock.nowMs();
      if (this.#clock.nowMs() - cancelledAtMs >= stuckMs) return { kind: "stuck" };
      await this.#wait(open, cancelMs);
    }
  }

  /** Between the two questions a job can end, so the history is asked again before it is called lost. */
  async #look(promptId: string, open: OpenJob): Promise<JobEnd | null> {
    const first = await this.#client.history(promptId);
    if (first) return judgeJob(open.state, first, false);
    const { running, waiting } = await this.#client.queue();
    if (running.includes(promptId) || waiting.includes(promptId)) return null;
    return judgeJob(open.state, await this.#client.history(promptId), false);
  }

  async #wait(open: OpenJob, ms: number): Promise<void> {
    if (open.isHurried) return;
    const woken = new AbortController();
    open.wake = () => woken.abort();
    await sleep(ms, undefined, { signal: woken.signal }).catch(() => {});
    open.wake = () => {};
  }

  #apply(open: OpenJob, job: Job, effects: readonly JobEffect[]): void {
    open.state = job;
    for (const effect of effects) {
      switch (effect.kind) {
        case "report":
          open.onProgress(effect.progress);
          break;
        case "over":
          hurry(open);
      }
    }
  }
}

function hurry(open: OpenJob): void {
  open.isHurried = true;
  open.wake();
}
