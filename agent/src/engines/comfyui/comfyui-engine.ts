import { randomUUID } from "node:crypto";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { Log } from "../../log.ts";
import { messageOf } from "../../outside.ts";
import { Changes } from "../changes.ts";
import { type Engine, EngineError, type EngineHealth, type EngineModel, type EngineResult, type RunOptions } from "../engine.ts";
import { isGpuBroken } from "../gpu-trouble.ts";
import { ComfyClient, ServerSilent } from "./client.ts";
import { Discovery } from "./discovery.ts";
import { executionFailure, interruptedJob, lostJob, problemsError, serverGone } from "./failures.ts";
import { fetchResults } from "./fetch-results.ts";
import type { FoundModel } from "./find-models.ts";
import type { Plan } from "./graph.ts";
import type { JobEnd } from "./job.ts";
import { Jobs, type JobTimings } from "./jobs.ts";
import { planTask } from "./plan-task.ts";
import { sendInput } from "./send-input.ts";
import { SentJobs } from "./sent-jobs.ts";
import { ServerLink, type ServerLinkTimings } from "./server-link.ts";
import type { ComfyUISettings } from "./settings.ts";
import { problemsOf } from "./validate-graph.ts";
import type { Workflow } from "./workflow.ts";

export interface ComfyUITimings extends JobTimings, ServerLinkTimings {
  /** How often the lists of files are compared: new ones show without a restart. */
  filesMs: number;
}

export interface ComfyUIDeps {
  log: Log;
  workflows: readonly Workflow[];
  timings: ComfyUITimings;
  newId?: () => string;
  /** Where it is kept which jobs the server has; without one they outlive an agent that is killed. */
  sentJobsPath?: string;
}

/**
 * A ComfyUI server, somebody's or its own. While it is down the engine has no models; what ran goes on when the line comes
 * back, and fails for another try when the server has forgotten it.
 */
export class ComfyUIEngine implements Engine {
  readonly name = "comfyui";
  readonly #settings: ComfyUISettings;
  readonly #deps: ComfyUIDeps;
  readonly #client: ComfyClient;
  readonly #jobs: Jobs;
  readonly #sent: SentJobs;
  readonly #discovery: Discovery;
  readonly #changes = new Changes();
  readonly #over = new AbortController();
  readonly #link: ServerLink;
  /** What the job before this one used, which the server keeps while there is room. */
  #resident: readonly string[] = [];

  constructor(settings: ComfyUISettings, deps: ComfyUIDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const { timings, log } = deps;
    this.#client = new ComfyClient(settings.url);
    const { signal } = this.#over;
    this.#sent = new SentJobs({ client: this.#client, path: deps.sentJobsPath ?? null, everyMs: timings.pollMs, log, signal });
    this.#jobs = new Jobs(this.#client, this.#sent, timings);
    this.#discovery = new Discovery({
      client: this.#client,
      mapping: settings.models,
      workflows: deps.workflows,
      log,
      everyMs: timings.filesMs,
      onChange: () => this.#changes.tell(),
    });
    this.#link = new ServerLink({
      client: this.#client,
      start: settings.start,
      timings,
      log,
      newId: () => this.#newId(),
      onOpen: () => this.#onOpen(),
      onGone: () => this.#onGone(),
      onEvent: (event) => this.#jobs.onEvent(event),
      onPicture: (picture) => this.#jobs.onPicture(picture),
    });
  }

  models(): readonly EngineModel[] {
    return this.#discovery.found.map(({ model }) => model);
  }

  residentModels(): readonly string[] {
    return this.#resident;
  }

  onChange(listener: () => void): void {
    this.#changes.listen(listener);
  }

  look(): Promise<void> {
    return this.#discovery.look();
  }

  health(): Promise<EngineHealth> {
    return this.#link.health();
  }

  async freeMemory(): Promise<void> {
    if (this.#jobs.count > 0) return;
    // A server that does not answer holds nothing that could be given back.
    await this.#client.freeMemory().catch(() => {});
    this.#reside([]);
  }

  async run(task: EngineTask, options: RunOptions): Promise<EngineResult> {
    const { signal, inputs, onProgress, outputFolder } = options;
    const { found: all, classes } = this.#discovery;
    const found = all.find(({ model }) => model.name === options.model && model.types.includes(task.type));
    if (!found) throw new EngineError("MODEL_LOAD_FAILED", "ComfyUI is not there, or no longer has this model", { isRetryable: true });
    signal.throwIfAborted();
    onProgress({ phase: "loading", step: 0, totalSteps: 1 });
    const promptId = this.#newId();
    const line = this.#link.take();
    try {
      const image = await sendInput(this.#client, found.recipe, task, inputs);
      const plan = planTask(found.recipe, task, { classes, image, prefix: `stargraph/${promptId}` });
      const problems = problemsOf(plan.graph, classes, plan.filledIn);
      if (problems.length > 0) throw problemsError(problems);
      signal.throwIfAborted();
      const submission = { graph: plan.graph, promptId, clientId: line.name, withPreviews: this.#settings.previews };
      const end = await this.#jobs.run(submission, onProgress, signal);
      // Our own server can be made to let go; another's works on, and the next task waits behind it.
      if (end.kind === "stuck" && this.#jobs.count === 0) this.#link.restart("did not let go of a task");
      // An interrupt during the last node is lost, and the job ends well: what counts is that it was cancelled.
      signal.throwIfAborted();
      return await this.#resultOf(end, plan, task, found, outputFolder);
    } catch (error) {
      if (isSilence(error) && (await this.#link.doubt())) void this.#discovery.look();
      throw error instanceof ServerSilent ? Object.assign(serverGone(), { cause: error }) : error;
    } finally {
      line.release();
    }
  }

  async close(): Promise<void> {
    this.#changes.close();
    this.#over.abort();
    this.#discovery.close();
    await this.#link.close();
    await this.#client.close();
    await this.#sent.close();
  }

  async #resultOf(end: JobEnd, plan: Plan, task: EngineTask, { model }: FoundModel, folder: string): Promise<EngineResult> {
    switch (end.kind) {
      case "lost":
      case "stuck":
        throw lostJob();
      case "interrupted":
        throw interruptedJob();
      case "failed":
        throw this.#failureOf(end);
      case "succeeded": {
        this.#reside([model.name]);
        const files = await fetchResults(this.#client, plan, task, end, folder);
        return { files, servedBy: { engine: this.name, model: model.servedAs ?? model.name }, notes: [...plan.notes] };
      }
    }
  }

  #failureOf({ failure }: Extract<JobEnd, { kind: "failed" }>): EngineError {
    const error = executionFailure(failure);
    // For the owner's eyes: paths and all, in the log of the box alone.
    this.#deps.log.warn("engine-error", `ComfyUI says: ${messageOf(error.cause)}`);
    // What filled the memory may be an earlier job's model.
    if (error.failure === "NO_GPU") void this.freeMemory();
    if (isGpuBroken(failure.exceptionMessage)) this.#link.restart("has lost its GPU");
    return error;
  }

  #newId(): string {
    return (this.#deps.newId ?? randomUUID)();
  }

  #onOpen(): void {
    this.#jobs.askAll();
    void this.#sent.clear();
    void this.#discovery.look();
  }

  #onGone(): void {
    this.#jobs.askAll();
    this.#resident = [];
    this.#discovery.withdraw();
  }

  #reside(models: readonly string[]): void {
    if (models.join() === this.#resident.join()) return;
    this.#resident = models;
    this.#changes.tell();
  }
}

const isSilence = (error: unknown): boolean =>
  error instanceof ServerSilent || (error instanceof EngineError && error.cause instanceof ServerSilent);
