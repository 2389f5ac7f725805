import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { Log } from "../../log.ts";
import { messageOf } from "../../outside.ts";
import { Changes } from "../changes.ts";
import { type Engine, EngineError, type EngineHealth, type EngineModel, type EngineResult, type RunOptions } from "../engine.ts";
import { LeftOut } from "../left-out.ts";
import { inspectMedia } from "../media/inspect.ts";
import { stripMetadata } from "../media/strip-metadata.ts";
import { serverGone } from "./failures.ts";
import { leftOut } from "./find-models.ts";
import { ServerHttp, ServerSilent } from "./http.ts";
import { filesOf } from "./results.ts";
import { askCapabilities, SdCpp } from "./sdcpp.ts";
import type { FoundModel, Order, Server, ServerTimings } from "./server.ts";
import type { SdapiSettings } from "./settings.ts";
import { WebUi } from "./webui.ts";

export interface SdapiTimings extends ServerTimings {
  /** How often it is looked at whether it lives. */
  lookMs: number;
  /** How often it is looked for while it is down. */
  seekMs: number;
  /** How often the lists of models are compared: new ones show without a restart. */
  filesMs: number;
  /** A server that is silent for less has taken no models away: a load can hold it up. */
  withdrawMs: number;
}

export interface SdapiDeps {
  log: Log;
  timings: SdapiTimings;
  newId?: () => string;
}

/** Somebody's WebUI or stable-diffusion.cpp. While it is down the engine has no models. */
export class SdapiEngine implements Engine {
  readonly name = "sdapi";
  readonly #settings: SdapiSettings;
  readonly #deps: SdapiDeps;
  readonly #leftOut: LeftOut;
  readonly #http: ServerHttp;
  readonly #changes = new Changes();
  readonly #over = new AbortController();
  readonly #looking: Promise<void>;
  #server: Server | null = null;
  #found: readonly FoundModel[] = [];
  /** What the job before this one used. */
  #resident: readonly string[] = [];
  #running = 0;
  /** Ends the wait for the next look. */
  #hurry = new AbortController();

  constructor(settings: SdapiSettings, deps: SdapiDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#leftOut = new LeftOut(deps.log);
    this.#http = new ServerHttp(settings.url);
    this.#looking = this.#keepLooking();
  }

  models(): readonly EngineModel[] {
    return this.#found.map(({ model }) => model);
  }

  residentModels(): readonly string[] {
    return this.#resident;
  }

  onChange(listener: () => void): void {
    this.#changes.listen(listener);
  }

  async look(): Promise<void> {
    // What it cannot read now, it tries again by itself.
    await this.#find().catch(() => {});
  }

  async health(): Promise<EngineHealth> {
    try {
      if (!this.#server) await this.#find();
      else await this.#server.ping();
      return { isReady: true };
    } catch (error) {
      return { isReady: false, reason: `no WebUI or stable-diffusion.cpp at ${this.#http.address} answers: ${messageOf(error)}` };
    }
  }

  async freeMemory(): Promise<void> {
    if (this.#running > 0) return;
    // A server that does not answer holds nothing that could be given back.
    await this.#server?.freeMemory().catch(() => {});
    this.#reside([]);
  }

  async run(task: EngineTask, { model, signal, inputs, onProgress }: RunOptions): Promise<EngineResult> {
    const found = this.#found.find((one) => one.model.name === model && one.model.types.includes(task.type));
    const server = this.#server;
    if (!found || !server)
      throw new EngineError("MODEL_LOAD_FAILED", "the engine's server is not there, or no longer has this model", { isRetryable: true });
    const order: Order = { recipe: found.recipe, task, image: await readPicture(inputs) };
    signal.throwIfAborted();
    onProgress({ phase: "loading", step: 0, totalSteps: 1 });
    this.#running++;
    try {
      const { pictures, notes } = await server.run(order, { signal, onProgress });
      // What was cancelled in its last step ends well.
      signal.throwIfAborted();
      onProgress({ phase: "encoding", step: 0, totalSteps: 1 });
      const files = await filesOf(pictures, task);
      if (found.recipe.kind === "image") this.#reside([found.model.name]);
      return { files, servedBy: { engine: this.name, model: found.model.servedAs ?? found.model.name }, notes };
    } catch (error) {
      if (isSilence(error)) await this.#doubt();
      throw this.#failureOf(error);
    } finally {
      this.#running--;
    }
  }

  async close(): Promise<void> {
    this.#changes.close();
    this.#over.abort();
    await this.#http.close();
    await this.#looking;
  }

  #failureOf(error: unknown): unknown {
    if (error instanceof ServerSilent) return serverGone(error);
    // For the owner's eyes: paths and all, in the log of the box alone.
    if (error instanceof EngineError && error.cause)
      this.#deps.log.warn("engine-error", `${this.#http.address} says: ${messageOf(error.cause)}`);
    return error;
  }

  async #keepLooking(): Promise<void> {
    const { timings, log } = this.#deps;
    const { signal } = this.#over;
    let heardAtMs = -Infinity;
    let listedAtMs = -Infinity;
    while (!signal.aborted) {
      try {
        if (!this.#server || performance.now() - listedAtMs >= timings.filesMs) {
          await this.#find();
          listedAtMs = performance.now();
        } else await this.#server.ping();
        heardAtMs = performance.now();
      } catch (error) {
        if (!(error instanceof ServerSilent))
          log.warn("engine-silent", `What ${this.#http.address} says makes no sense: ${messageOf(error)}`);
        if (performance.now() - heardAtMs >= timings.withdrawMs) this.#withdraw();
      }
      this.#hurry = new AbortController();
      const waitMs = this.#server ? timings.lookMs : timings.seekMs;
      await sleep(waitMs, undefined, { signal: AbortSignal.any([signal, this.#hurry.signal]) }).catch(() => {});
    }
  }

  /** Where it is gone, the models go before the task is given back: this agent would be the first to be offered it again. */
  async #doubt(): Promise<void> {
    if ((await this.health()).isReady) return;
    this.#withdraw();
    this.#hurry.abort();
  }

  /** Which server it is, and what it has. @throws {ServerSilent} */
  async #find(): Promise<void> {
    const { timings, newId = randomUUID } = this.#deps;
    const deps = { http: this.#http, settings: this.#settings, timings };
    const server = this.#server ?? ((await askCapabilities(this.#http)) ? new SdCpp(deps) : new WebUi({ ...deps, newId }));
    const found = await server.findModels();
    // It may have been closed, or found by another look, meanwhile.
    if (this.#over.signal.aborted) return;
    this.#server ??= server;
    const isOther = JSON.stringify(found.map(({ model }) => model)) !== JSON.stringify(this.models());
    this.#found = found;
    this.#leftOut.say(leftOut(this.#settings, found));
    if (!isOther) return;
    const names = found.map(({ model }) => `${model.name} (${model.types.join(", ")})`).join(", ");
    this.#deps.log.info("engine-models", `${this.#http.address} can make: ${names || "nothing that has a name of the API"}`);
    this.#changes.tell();
  }

  /** It is down: nothing can be run, nothing is in its memory, and what comes back may be another. */
  #withdraw(): void {
    this.#server = null;
    const had = this.#found.length > 0 || this.#resident.length > 0;
    this.#found = [];
    this.#resident = [];
    if (had) this.#changes.tell();
  }

  #reside(models: readonly string[]): void {
    if (models.join() === this.#resident.join()) return;
    this.#resident = models;
    this.#changes.tell();
  }
}

const isSilence = (error: unknown): boolean =>
  error instanceof ServerSilent || (error instanceof EngineError && error.cause instanceof ServerSilent);

/** Without its notes: a server would turn a photo as they say, and the result would have other sides than were ordered. */
async function readPicture({ image }: RunOptions["inputs"]): Promise<Order["image"]> {
  if (!image) return null;
  const original = await readFile(image.path);
  const format = inspectMedia(original)?.format;
  const bytes = format && stripMetadata(original, format);
  if (!bytes || (format !== "PNG" && format !== "JPEG"))
    throw new EngineError("BAD_REQUEST", "the input picture cannot be read", { isRetryable: false });
  return { bytes, format };
}
