import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import type { EngineProgress } from "../engine.ts";
import { interruptedJob, refusalOf, serverGone, stuckJob } from "./failures.ts";
import { findModels } from "./find-models.ts";
import { type ServerHttp, ServerSilent } from "./http.ts";
import type { FoundModel, Order, Server, ServerTimings, WorkOptions } from "./server.ts";
import type { SdapiSettings } from "./settings.ts";
import { cutBack, fillUp } from "./upscale-sides.ts";
import { bytesOf, Checkpoints, ControlModels, ControlModules, Memory, Names, OfJob, OfServer, picturesIn } from "./webui-answers.ts";
import { requestOf } from "./webui-request.ts";

interface Seen {
  isOurs: boolean;
  share: number;
  picture: Uint8Array | null;
}
const NOT_OURS: Seen = { isOurs: false, share: 0, picture: null };

export interface WebUiDeps {
  http: ServerHttp;
  settings: SdapiSettings;
  timings: ServerTimings;
  newId: () => string;
}

/**
 * AUTOMATIC1111, Forge and SD.Next. One request is one job, and "interrupt" stops whatever runs: so it is sent only while the
 * server says that it is our job, or where the owner says that nobody else's can be there.
 */
export class WebUi implements Server {
  readonly #deps: WebUiDeps;
  #samplers: string[] = [];
  #schedulers: string[] = [];
  /** It has told of one of our jobs by its id; SD.Next never does. */
  #knowsIds = false;
  #isUnloaded = false;

  constructor(deps: WebUiDeps) {
    this.#deps = deps;
  }

  async ping(): Promise<void> {
    await this.#ofServer(false);
  }

  async findModels(): Promise<FoundModel[]> {
    const { http, settings } = this.#deps;
    const listed = await http.get("sdapi/v1/sd-models");
    const checkpoints = Checkpoints.safeParse(listed.body);
    if (listed.status !== 200 || !checkpoints.success) throw new ServerSilent(`GET /sdapi/v1/sd-models answered ${listed.status}`);
    const [samplers, schedulers, upscalers, controlModels, controlModules, memory] = await Promise.all(
      [
        "sdapi/v1/samplers",
        "sdapi/v1/schedulers",
        "sdapi/v1/upscalers",
        "controlnet/model_list",
        "controlnet/module_list",
        "sdapi/v1/memory",
      ].map(async (path) => (await http.get(path)).body),
    );
    this.#samplers = Names.parse(samplers).map(({ name }) => name);
    this.#schedulers = Names.parse(schedulers).map(({ name }) => name);
    const found = findModels(
      {
        checkpoints: checkpoints.data.map(({ title, model_name, filename }) => ({ title, file: filename || model_name || title })),
        upscalers: Names.parse(upscalers).map(({ name }) => name),
        controlModels: ControlModels.parse(controlModels).model_list,
        controlModules: ControlModules.parse(controlModules).module_list,
      },
      settings,
    );
    const memoryBytes = Memory.safeParse(memory).data?.cuda.system.total;
    return memoryBytes === undefined ? found : found.map(({ model, recipe }) => ({ model: { ...model, memoryBytes }, recipe }));
  }

  async run(order: Order, options: WorkOptions): Promise<{ pictures: Uint8Array[]; notes: string[] }> {
    const { http, newId } = this.#deps;
    const taskId = `stargraph-${newId()}`;
    const filled = await fillUp(order);
    const { path, body, notes } = requestOf(filled, { taskId, samplers: this.#samplers, schedulers: this.#schedulers });
    await this.#reload();
    const over = new AbortController();
    const giveUp = new AbortController();
    const watching = this.#watch(taskId, order, options, { over: over.signal, giveUp });
    try {
      const answer = await http.postWork(path, body, giveUp.signal);
      if (answer.status !== 200) throw refusalOf(`POST /${path}`, answer);
      if (!options.signal.aborted && order.recipe.kind === "image" && (await this.#wasInterrupted())) throw interruptedJob();
      return { pictures: await Promise.all(picturesIn(path, answer).map((picture) => cutBack(picture, order.task))), notes };
    } catch (error) {
      if (!(error instanceof ServerSilent)) throw error;
      throw giveUp.signal.reason === "stuck" ? stuckJob() : serverGone(error);
    } finally {
      over.abort();
      await watching;
    }
  }

  async freeMemory(): Promise<void> {
    // Somebody else's job would lose its model.
    if ((await this.#ofServer(false)).state.job_count > 0) return;
    await this.#deps.http.post("sdapi/v1/unload-checkpoint");
    this.#isUnloaded = true;
  }

  /** An unloaded model is in the ordinary memory, and nothing but this brings it back. */
  async #reload(): Promise<void> {
    if (!this.#isUnloaded) return;
    await this.#deps.http.postWork("sdapi/v1/reload-checkpoint", {}, AbortSignal.timeout(this.#deps.timings.goneMs));
    this.#isUnloaded = false;
  }

  /** Tells how far it is, and once aborted has the server stop, until the answer has come. */
  async #watch(
    taskId: string,
    order: Order,
    { signal, onProgress }: WorkOptions,
    { over, giveUp }: { over: AbortSignal; giveUp: AbortController },
  ): Promise<void> {
    const { pollMs, cancelMs, goneMs, stuckMs } = this.#deps.timings;
    let heardAtMs = performance.now();
    let abortedAtMs: number | null = null;
    while (!over.aborted) {
      const wake = signal.aborted ? over : AbortSignal.any([over, signal]);
      await sleep(signal.aborted ? cancelMs : pollMs, undefined, { signal: wake }).catch(() => {});
      if (over.aborted) return;
      if (signal.aborted) abortedAtMs ??= performance.now();
      try {
        const seen = await this.#look(taskId, order, false);
        heardAtMs = performance.now();
        if (seen.isOurs && signal.aborted) await this.#deps.http.post("sdapi/v1/interrupt");
        else if (seen.isOurs) onProgress(this.#progressOf(taskId, order, seen));
      } catch (error) {
        if (!(error instanceof ServerSilent)) throw error;
        if (performance.now() - heardAtMs >= goneMs) giveUp.abort("gone");
      }
      if (abortedAtMs !== null && performance.now() - abortedAtMs >= stuckMs) giveUp.abort("stuck");
    }
  }

  #progressOf(taskId: string, order: Order, { share }: Seen): EngineProgress {
    const { task } = order;
    const totalSteps = "steps" in task.parameters ? task.parameters.steps : 100;
    const step = Math.min(totalSteps, Math.round(share * totalSteps));
    if (step === 0) return { phase: "loading", step: 0, totalSteps: 1 };
    const preview = async (): Promise<Uint8Array> => {
      const { picture } = await this.#look(taskId, order, true);
      if (picture) return picture;
      throw new Error("the engine's server has no preview");
    };
    return { phase: "sampling", step, totalSteps, preview };
  }

  async #look(taskId: string, { recipe }: Order, withPicture: boolean): Promise<Seen> {
    // An enlargement cannot be given an id: only an owner who says that nobody else's can be there makes it ours.
    const hasId = recipe.kind === "image";
    const ofJob = hasId ? await this.#lookById(taskId, withPicture) : null;
    if (ofJob) return ofJob;
    if ((hasId && this.#knowsIds) || !this.#deps.settings.exclusive) return NOT_OURS;
    const server = await this.#ofServer(withPicture);
    // How many there are is not yet known (-1) for some kinds.
    return { isOurs: server.state.job_count !== 0, share: server.progress, picture: bytesOf(server.current_image) };
  }

  /** Null unless the server says that it is the one that runs. */
  async #lookById(taskId: string, withPicture: boolean): Promise<Seen | null> {
    const question = { id_task: taskId, id_live_preview: -1, live_preview: withPicture };
    const { status, body } = await this.#deps.http.post("internal/progress", question);
    const job = OfJob.safeParse(body);
    if (status === 200 && job.success) {
      const { active, queued, completed, progress, live_preview: picture } = job.data;
      if (active || queued || completed) this.#knowsIds = true;
      if (active) return { isOurs: true, share: progress, picture: bytesOf(picture) };
    }
    return null;
  }

  /** An interrupted job ends as if it were done, with whatever it has: the flag stays until the next job begins. */
  async #wasInterrupted(): Promise<boolean> {
    return (await this.#ofServer(false)).state.interrupted;
  }

  async #ofServer(withPicture: boolean): Promise<z.infer<typeof OfServer>> {
    const { status, body } = await this.#deps.http.get(`sdapi/v1/progress?skip_current_image=${!withPicture}`);
    const state = OfServer.safeParse(body);
    if (status === 200 && state.success) return state.data;
    throw new ServerSilent(`GET /sdapi/v1/progress answered ${status}`);
  }
}
