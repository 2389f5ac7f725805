import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { imageSize } from "image-size";
import { aPng, pngWithNotes } from "../pictures.ts";

export const SECRET = "a stranger's prompt";

interface Job {
  /** Null where the server gives jobs no ids. */
  id: string | null;
  path: string;
  body: Record<string, unknown>;
  response: ServerResponse | null;
}

export interface WebUiOptions {
  /** SD.Next runs jobs of its API without ids. */
  hasIds: boolean;
  /** Ends each job as it begins; otherwise the test does. */
  isQuick: boolean;
  checkpoints: string[];
  /** What the extension ControlNet answers; null where it is not installed. */
  control: { models: string[]; modules: string[] } | null;
  /** Of its GPU; null where it has none. */
  memoryBytes: number | null;
  /** `name:password` of `--api-auth`. */
  auth: string | null;
  refuse: (path: string, body: Record<string, unknown>) => { status: number; body: unknown } | null;
}

const RUNS = new Set(["/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/sdapi/v1/extra-single-image"]);
const base64 = (bytes: Buffer): string => bytes.toString("base64");

/**
 * Speaks as `modules/api/api.py` and `modules/progress.py` of AUTOMATIC1111 do: one job at a time behind a lock, an interrupt
 * that stops whichever that is, and a flag of it that stays until the next begins.
 */
export class FakeWebUi {
  readonly options: WebUiOptions;
  readonly requests: { path: string; body: Record<string, unknown> }[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const expected = this.options.auth === null ? undefined : `Basic ${Buffer.from(this.options.auth).toString("base64")}`;
      const [path = ""] = (request.url ?? "").split("?");
      const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>) : {};
      this.requests.push({ path, body });
      if (request.headers.authorization !== expected) answer(response, 401, { detail: "Incorrect username or password" });
      else this.#answer(path, request.url ?? "", body, response);
    });
  });
  readonly #waiting: Job[] = [];
  #current: Job | null = null;
  #step = 0;
  #isInterrupted = false;
  #isUnloaded = false;

  constructor(options: Partial<WebUiOptions>) {
    const checkpoints = ["v1-5-pruned-emaonly.safetensors [6ce0161689]", "sd_xl_base_1.0.safetensors"];
    this.options = {
      hasIds: true,
      isQuick: true,
      checkpoints,
      control: null,
      memoryBytes: null,
      auth: null,
      refuse: () => null,
      ...options,
    };
  }

  static async start(options: Partial<WebUiOptions> = {}, port = 0): Promise<FakeWebUi> {
    const fake = new FakeWebUi(options);
    await new Promise<void>((resolve) => fake.#server.listen(port, "127.0.0.1", resolve));
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get running(): Job | null {
    return this.#current;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  sent(path: string): Record<string, unknown>[] {
    return this.requests.filter((request) => request.path === path).map(({ body }) => body);
  }

  /** The owner draws something on the page. */
  occupy(): void {
    this.#queue({ id: "task(of the owner)", path: "/", body: {}, response: null });
  }

  stepTo(step: number): void {
    this.#step = step;
  }

  interrupt(): void {
    if (!this.#current) return;
    this.#isInterrupted = true;
    this.finish();
  }

  /** The running job's pictures are done, as they are. */
  finish(): void {
    const job = this.#current;
    this.#current = null;
    if (job?.response) answer(job.response, 200, picturesOf(job));
    this.#next();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #queue(job: Job): void {
    this.#waiting.push(job);
    this.#next();
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#waiting.shift();
    if (!job) return;
    this.#current = job;
    this.#step = 0;
    this.#isInterrupted = false;
    if (this.options.isQuick && job.response) this.finish();
  }

  #answer(path: string, url: string, body: Record<string, unknown>, response: ServerResponse): void {
    const refusal = this.options.refuse(path, body);
    if (refusal) answer(response, refusal.status, refusal.body);
    else if (RUNS.has(path)) {
      const id = this.options.hasIds && typeof body["force_task_id"] === "string" ? body["force_task_id"] : null;
      if (this.#isUnloaded) answer(response, 500, { error: "RuntimeError", errors: "tensors on two devices" });
      else this.#queue({ id, path, body, response });
    } else answer(response, ...this.#say(path, url, body));
  }

  #say(path: string, url: string, body: Record<string, unknown>): [number, unknown] {
    switch (path) {
      case "/sdapi/v1/sd-models":
        return [
          200,
          this.options.checkpoints.map((title) => ({ title, model_name: bare(title), hash: null, filename: `/models/${bare(title)}` })),
        ];
      case "/sdapi/v1/samplers":
        return [200, ["DPM++ 2M", "Euler a", "Euler", "Heun"].map((name) => ({ name, aliases: [], options: {} }))];
      case "/sdapi/v1/schedulers":
        return [200, ["automatic", "karras", "normal"].map((name) => ({ name, label: name }))];
      case "/sdapi/v1/upscalers":
        return [200, ["None", "Lanczos", "R-ESRGAN 4x+", "R-ESRGAN 4x+ Anime6B"].map((name) => ({ name, scale: 4 }))];
      case "/sdapi/v1/memory": {
        const { memoryBytes: total } = this.options;
        return [200, { ram: { total: 64e9 }, cuda: total === null ? { error: "unavailable" } : { system: { free: 1, used: 1, total } } }];
      }
      case "/controlnet/model_list":
        return this.options.control ? [200, { model_list: this.options.control.models }] : [404, { detail: "Not Found" }];
      case "/controlnet/module_list":
        return this.options.control ? [200, { module_list: this.options.control.modules }] : [404, { detail: "Not Found" }];
      case "/internal/progress":
        return [200, this.#progressOf(body)];
      case "/sdapi/v1/progress":
        return [200, this.#progress(url.includes("skip_current_image=true"))];
      case "/sdapi/v1/interrupt":
        this.interrupt();
        return [200, {}];
      case "/sdapi/v1/unload-checkpoint":
        this.#isUnloaded = true;
        return [200, {}];
      case "/sdapi/v1/reload-checkpoint":
        this.#isUnloaded = false;
        return [200, {}];
      default:
        return [404, { detail: "Not Found" }];
    }
  }

  #progressOf({ id_task: id, live_preview: withPreview }: Record<string, unknown>): unknown {
    const isActive = this.#current?.id === id;
    const isQueued = this.#waiting.some((job) => job.id === id);
    const common = { active: isActive, queued: isQueued, completed: false };
    if (!isActive) return { ...common, progress: null, live_preview: null };
    const preview = withPreview === true ? `data:image/png;base64,${base64(aPng(8, 8))}` : null;
    return { ...common, progress: this.#step / 10, live_preview: preview };
  }

  #progress(withoutPicture: boolean): unknown {
    const isBusy = this.#current !== null;
    return {
      progress: isBusy ? this.#step / 10 : 0,
      state: { interrupted: this.#isInterrupted, job_count: isBusy ? 1 : 0, sampling_step: this.#step, sampling_steps: 10 },
      current_image: isBusy && !withoutPicture ? base64(aPng(8, 8)) : null,
      current_task: null,
    };
  }
}

const bare = (title: string): string => title.replace(/ \[.*\]$/, "");

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** A sheet of all before them, and what ControlNet saw behind them, in the size of the result. */
function picturesOf({ path, body }: Job): unknown {
  if (path === "/sdapi/v1/extra-single-image") {
    // As `modules/upscaler.py` does: by the size of the picture that it is given, and down to multiples of 8.
    const given = imageSize(Buffer.from(String(body["image"]), "base64"));
    const enlarged = (side: number) => Math.floor((side * Number(body["upscaling_resize"])) / 8) * 8;
    return { html_info: "", image: base64(pngWithNotes(aPng(enlarged(given.width), enlarged(given.height)), SECRET)) };
  }
  const [width, height, count] = [Number(body["width"]), Number(body["height"]), Number(body["batch_size"])];
  const one = base64(pngWithNotes(aPng(width, height), SECRET));
  const sheet = base64(aPng(width * 2, height));
  const images = Array.from({ length: count }, () => one);
  const control = body["alwayson_scripts"] ? [base64(aPng(width, height))] : [];
  return { images: [...(count > 1 ? [sheet] : []), ...images, ...control], parameters: body, info: "{}" };
}
