import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { outputOf } from "@star-graph/shared/work";
import { EngineError, type EngineModel, type EngineProgress } from "../engine.ts";
import type { Sides } from "../media/inspect.ts";
import { cutTo, filledUp, sidesToDraw, type SideLimits } from "./drawn-sides.ts";
import { interruptedJob, jobFailure, lostJob, refusalOf, serverGone, stuckJob } from "./failures.ts";
import { findModels } from "./find-models.ts";
import { type ServerHttp, ServerSilent } from "./http.ts";
import { plainWords, samplingOf } from "./names.ts";
import type { FoundModel, Order, Server, ServerTimings, WorkOptions } from "./server.ts";
import type { SdapiSettings } from "./settings.ts";

const Names = z.array(z.string()).catch([]);
const Capabilities = z.object({
  model: z.object({ name: z.string().catch(""), stem: z.string().catch("") }),
  supported_modes: z.array(z.string()),
  samplers: Names,
  schedulers: Names,
  limits: z.object({ max_width: z.number().optional(), max_height: z.number().optional() }).catch({}),
});
type Capabilities = z.infer<typeof Capabilities>;

const Accepted = z.object({ id: z.string().regex(/^[\w-]{1,128}$/) });
const Job = z.object({
  status: z.enum(["queued", "generating", "completed", "failed", "cancelled"]),
  result: z
    .object({ images: z.array(z.object({ index: z.number(), b64_json: z.string() })).catch([]) })
    .nullish()
    .catch(null),
  error: z
    .object({ message: z.string().catch("") })
    .nullish()
    .catch(null),
});
type Job = z.infer<typeof Job>;

/** What a stable-diffusion.cpp says it can do; null when the server is another. @throws {ServerSilent} */
export async function askCapabilities(http: ServerHttp): Promise<Capabilities | null> {
  const { status, body } = await http.get("sdcpp/v1/capabilities");
  return status === 200 ? (Capabilities.safeParse(body).data ?? null) : null;
}

/** stable-diffusion.cpp's own API: jobs with ids, one after the other. It holds one model, the one it was started with. */
export class SdCpp implements Server {
  readonly #deps: { http: ServerHttp; settings: SdapiSettings; timings: ServerTimings };
  #samplers: string[] = [];
  #schedulers: string[] = [];
  #limits: SideLimits = {};

  constructor(deps: { http: ServerHttp; settings: SdapiSettings; timings: ServerTimings }) {
    this.#deps = deps;
  }

  async ping(): Promise<void> {
    await this.#capabilities();
  }

  async findModels(): Promise<FoundModel[]> {
    const { model, supported_modes: modes, samplers, schedulers, limits } = await this.#capabilities();
    this.#samplers = samplers;
    this.#schedulers = schedulers;
    this.#limits = limits;
    // Its videos are WebM and AVI; only MP4 can be handed out.
    const checkpoints = modes.includes("img_gen") ? [{ title: model.stem, file: model.name }] : [];
    const found = findModels({ checkpoints, upscalers: [], controlModels: [], controlModules: [] }, this.#deps.settings);
    const maxPixels = (limits.max_width ?? Infinity) * (limits.max_height ?? Infinity);
    return found.map((one) => ({ ...one, model: withMaxPixels(one.model, maxPixels) }));
  }

  async run(order: Order, options: WorkOptions): Promise<{ pictures: Uint8Array[]; notes: string[] }> {
    const ordered = outputOf(order.task);
    const drawn = sidesToDraw(ordered, this.#limits);
    const { body, notes } = this.#bodyOf(order.task, drawn, order.image && (await filledUp(order.image.bytes, ordered, drawn)));
    const id = await this.#submit(body);
    const job = await this.#follow(id, order, options);
    const images = (job.result?.images ?? []).toSorted((a, b) => a.index - b.index);
    const pictures = await Promise.all(images.map(({ b64_json: text }) => cutTo(Buffer.from(text, "base64"), ordered, drawn)));
    return { pictures, notes };
  }

  async freeMemory(): Promise<void> {
    // It has no request for that: its model is there as long as it is.
  }

  #bodyOf(task: EngineTask, { width, height }: Sides, image: Uint8Array | null): { body: unknown; notes: string[] } {
    if (task.type !== "TEXT2IMG" && task.type !== "IMG2IMG")
      throw new EngineError("INTERNAL", `this model cannot do ${task.type}`, { isRetryable: true });
    const { prompt, negativePrompt, seed, steps, cfgScale, batchSize } = task.parameters;
    const { sampler, scheduler, notes } = samplingOf(task.parameters, { samplers: this.#samplers, schedulers: this.#schedulers });
    const body = {
      prompt: plainWords(prompt),
      negative_prompt: plainWords(negativePrompt),
      width,
      height,
      seed,
      batch_count: batchSize,
      ...(task.type === "IMG2IMG" && image && { init_image: Buffer.from(image).toString("base64"), strength: task.parameters.strength }),
      sample_params: {
        ...(sampler !== undefined && { sample_method: sampler }),
        ...(scheduler !== undefined && { scheduler }),
        sample_steps: steps,
        guidance: { txt_cfg: cfgScale },
      },
      embed_image_metadata: false,
      output_format: "png",
    };
    return { body, notes };
  }

  async #submit(body: unknown): Promise<string> {
    try {
      const answer = await this.#deps.http.post("sdcpp/v1/img_gen", body);
      const accepted = Accepted.safeParse(answer.body);
      if (answer.status === 202 && accepted.success) return accepted.data.id;
      throw refusalOf("POST /sdcpp/v1/img_gen", answer);
    } catch (error) {
      throw error instanceof ServerSilent ? serverGone(error) : error;
    }
  }

  /** A job that is being generated may refuse to be cancelled: then it is waited for, because the GPU is not free before. */
  async #follow(id: string, order: Order, { signal, onProgress }: WorkOptions): Promise<Job> {
    const { pollMs, cancelMs, goneMs, stuckMs } = this.#deps.timings;
    let heardAtMs = performance.now();
    let abortedAtMs: number | null = null;
    for (;;) {
      try {
        if (signal.aborted) await this.#deps.http.post(`sdcpp/v1/jobs/${id}/cancel`);
        const job = await this.#ask(id);
        heardAtMs = performance.now();
        switch (job.status) {
          case "completed":
            return job;
          case "failed":
            throw jobFailure(job.error?.message ?? "");
          case "cancelled":
            throw interruptedJob();
          case "queued":
          case "generating":
            onProgress(progressOf(job.status, order));
        }
      } catch (error) {
        if (!(error instanceof ServerSilent)) throw error;
        if (performance.now() - heardAtMs >= goneMs) throw serverGone(error);
      }
      if (signal.aborted) abortedAtMs ??= performance.now();
      if (abortedAtMs !== null && performance.now() - abortedAtMs >= stuckMs) throw stuckJob();
      const wait = signal.aborted ? sleep(cancelMs) : sleep(pollMs, undefined, { signal });
      await wait.catch(() => {});
    }
  }

  async #ask(id: string): Promise<Job> {
    const { status, body } = await this.#deps.http.get(`sdcpp/v1/jobs/${id}`);
    if (status === 404 || status === 410) throw lostJob();
    const job = Job.safeParse(body);
    if (status === 200 && job.success) return job.data;
    throw new ServerSilent(`GET /sdcpp/v1/jobs/ answered ${status}`);
  }

  async #capabilities(): Promise<Capabilities> {
    const capabilities = await askCapabilities(this.#deps.http);
    if (capabilities) return capabilities;
    throw new ServerSilent("GET /sdcpp/v1/capabilities made no sense");
  }
}

function withMaxPixels(model: EngineModel, maxPixels: number): EngineModel {
  const least = Math.min(model.maxPixels ?? Infinity, maxPixels);
  return Number.isFinite(least) ? { ...model, maxPixels: least } : model;
}

/** It does not say which step it is at. */
function progressOf(status: "queued" | "generating", { task }: Order): EngineProgress {
  if (status === "queued") return { phase: "loading", step: 0, totalSteps: 1 };
  return { phase: "sampling", step: 0, totalSteps: "steps" in task.parameters ? task.parameters.steps : 1 };
}
