import { Agent, type Dispatcher, FormData, request } from "undici";
import { z } from "zod";
import { messageOf } from "../../outside.ts";
import { EngineError } from "../engine.ts";
import { type ServerAddress, serverAddress, urlBelow } from "../server-address.ts";
import { refusalOf } from "./failures.ts";
import type { Graph } from "./graph.ts";
import { type HistoryEntry, parseHistory, parseQueue, type ServerQueue } from "./history.ts";
import type { ServerFile } from "./outputs.ts";
import { parsePythonJson } from "./python-json.ts";

/** The server did not answer, or answered something that is none. Whether it is gone, the caller finds out. */
export class ServerSilent extends Error {
  override readonly name = "ServerSilent";
}

export interface Submission {
  graph: Graph;
  promptId: string;
  clientId: string;
  /** What a running task looks like is sent along, by the method that costs least. */
  withPreviews: boolean;
}

interface Answer {
  status: number;
  bytes: Buffer;
}

const ANSWER_MS = 15_000;
/** A file of the largest video that the edge takes, and the list of all nodes, on a slow disk. */
const TRANSFER_MS = 120_000;
const MAX_FILE_BYTES = 256 * 1024 * 1024;

const Stats = z.object({
  system: z.object({ comfyui_version: z.string().optional() }).catch({}),
  devices: z.array(z.object({ vram_free: z.number().optional(), vram_total: z.number().optional() })).catch([]),
});
const Uploaded = z.object({ name: z.string().min(1), subfolder: z.string().catch("") });
const Accepted = z.object({ prompt_id: z.string().min(1).optional(), node_errors: z.record(z.string(), z.unknown()).catch({}) });

/** ComfyUI's HTTP side. A foreign `Origin` would be refused, so none is sent. */
export class ComfyClient {
  readonly #address: ServerAddress;
  /** Without a limit on its connections: a request that waits for one heeds no signal, and a cancel would wait behind lists of files. */
  readonly #http = new Agent();
  /** Since version 0.4 or so; null while nobody knows. */
  #hasJobsApi: boolean | null = null;

  constructor(url: string) {
    this.#address = serverAddress(url);
  }

  /** Without the password. */
  get shownAddress(): string {
    return this.#address.shown;
  }

  socketAddress(clientId: string): { url: URL; headers: ServerAddress["headers"] } {
    const url = this.#urlOf("ws", { clientId });
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return { url, headers: this.#address.headers };
  }

  async close(): Promise<void> {
    await this.#http.destroy();
  }

  /** @throws {ServerSilent} */
  async objectInfo(): Promise<unknown> {
    return this.#json("object_info", TRANSFER_MS);
  }

  /** The files of a model folder; none when the server does not know the folder. @throws {ServerSilent} */
  async modelFiles(folder: string): Promise<string[]> {
    const { status, bytes } = await this.#send("GET", this.#urlOf(`models/${folder}`));
    return z
      .array(z.string())
      .catch([])
      .parse(status === 200 ? parsePythonJson(bytes.toString("utf8")) : []);
  }

  /** @throws {ServerSilent} */
  async stats(timeoutMs?: number): Promise<{ version: string | null; freeMemoryBytes: number | null; memoryBytes: number | null }> {
    const { system, devices } = Stats.parse(await this.#json("system_stats", timeoutMs));
    const free = devices.flatMap(({ vram_free: bytes }) => (bytes === undefined ? [] : [bytes]));
    return {
      version: system.comfyui_version ?? null,
      // The first device is the one that it computes on.
      memoryBytes: devices[0]?.vram_total ? Math.floor(devices[0].vram_total) : null,
      freeMemoryBytes: free.length > 0 ? Math.floor(free.reduce((a, b) => a + b, 0)) : null,
    };
  }

  /**
   * Queues a graph under an id of our own choosing: the job's first messages may overtake the answer.
   * @returns the id that it has there: servers from before there was a choice take their own.
   * @throws {EngineError} the server refused it, the whole or one of its outputs. In the second case the rest is queued all
   *   the same, and must be cancelled.
   * @throws {ServerSilent}
   */
  async submit({ graph, promptId, clientId, withPreviews }: Submission): Promise<string> {
    const extra = { preview_method: withPreviews ? "latent2rgb" : "none" };
    const { status, bytes } = await this.#send("POST", this.#urlOf("prompt"), {
      json: { prompt: graph, prompt_id: promptId, client_id: clientId, extra_data: extra },
    });
    const body = parsePythonJson(bytes.toString("utf8"));
    const accepted = Accepted.safeParse(body);
    if (status !== 200 || !accepted.success || Object.keys(accepted.data.node_errors).length > 0) throw refusalOf(status, body);
    return accepted.data.prompt_id ?? promptId;
  }

  /** @throws {ServerSilent} */
  async history(promptId: string): Promise<HistoryEntry | null> {
    return parseHistory(await this.#json(`history/${promptId}`), promptId);
  }

  /** @throws {ServerSilent} */
  async queue(): Promise<ServerQueue> {
    const queue = parseQueue(await this.#json("queue"));
    if (!queue) throw new ServerSilent("GET /queue made no sense");
    return queue;
  }

  /**
   * Asks to stop one job, waiting or running, and no other. It may have no effect: the caller looks, and asks again.
   * @throws {ServerSilent}
   */
  async cancel(promptId: string): Promise<void> {
    if (this.#hasJobsApi !== false) {
      const { status } = await this.#send("POST", this.#urlOf(`api/jobs/${promptId}/cancel`));
      this.#hasJobsApi = status !== 404 && status !== 405;
      if (this.#hasJobsApi) return;
    }
    await this.#send("POST", this.#urlOf("queue"), { json: { delete: [promptId] } });
    // Servers so old that they do not read the id stop whatever runs: so only while it is ours.
    const { running } = await this.queue();
    if (running.includes(promptId)) await this.#send("POST", this.#urlOf("interrupt"), { json: { prompt_id: promptId } });
  }

  /** Takes a job out of the server's history, where its prompt would stand for everybody who opens the page. @throws {ServerSilent} */
  async forget(promptId: string): Promise<void> {
    await this.#send("POST", this.#urlOf("history"), { json: { delete: [promptId] } });
  }

  /** @throws {ServerSilent} */
  async freeMemory(): Promise<void> {
    await this.#send("POST", this.#urlOf("free"), { json: { unload_models: true, free_memory: true } });
  }

  /**
   * Puts a picture into the server's input folder. Other content under the same name gets another name, so the answer counts.
   * @returns what a `LoadImage` node calls it.
   * @throws {EngineError} the server does not take it.
   * @throws {ServerSilent}
   */
  async upload(bytes: Uint8Array, name: string): Promise<string> {
    const form = new FormData();
    form.append("image", new Blob([Uint8Array.from(bytes)]), name);
    form.append("subfolder", "stargraph");
    form.append("type", "input");
    const { status, bytes: answer } = await this.#send("POST", this.#urlOf("upload/image"), { form, timeoutMs: TRANSFER_MS });
    const uploaded = Uploaded.safeParse(parsePythonJson(answer.toString("utf8")));
    if (status === 200 && uploaded.success) {
      const { name: given, subfolder } = uploaded.data;
      return subfolder === "" ? given : `${subfolder}/${given}`;
    }
    throw new EngineError("INTERNAL", `ComfyUI does not take the input picture (${status})`, { isRetryable: status !== 413 });
  }

  /**
   * A result's bytes, or null when the file is not there.
   * @throws {ServerSilent}
   */
  async view({ filename, subfolder, type }: ServerFile): Promise<Buffer | null> {
    const { status, bytes } = await this.#send("GET", this.#urlOf("view", { filename, subfolder, type }), { timeoutMs: TRANSFER_MS });
    return status === 200 ? bytes : null;
  }

  #urlOf(path: string, query?: Record<string, string>): URL {
    return urlBelow(this.#address, path, query);
  }

  async #json(path: string, timeoutMs?: number): Promise<unknown> {
    const { status, bytes } = await this.#send("GET", this.#urlOf(path), timeoutMs === undefined ? {} : { timeoutMs });
    const body = status === 200 ? parsePythonJson(bytes.toString("utf8")) : undefined;
    if (body === undefined) throw new ServerSilent(`GET /${path} answered ${status}`);
    return body;
  }

  async #send(
    method: "GET" | "POST",
    url: URL,
    { json, form, timeoutMs = ANSWER_MS }: { json?: unknown; form?: FormData; timeoutMs?: number } = {},
  ): Promise<Answer> {
    const body: Dispatcher.DispatchOptions["body"] = form ?? (json === undefined ? null : JSON.stringify(json));
    try {
      const answer = await request(url, {
        method,
        body,
        headers: { ...this.#address.headers, ...(json !== undefined && { "content-type": "application/json" }) },
        dispatcher: this.#http,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of answer.body) {
        const piece = Buffer.from(chunk as Uint8Array);
        length += piece.length;
        if (length > MAX_FILE_BYTES) throw new Error(`more than ${MAX_FILE_BYTES} bytes`);
        chunks.push(piece);
      }
      return { status: answer.statusCode, bytes: Buffer.concat(chunks) };
    } catch (error) {
      throw new ServerSilent(`${method} ${url.pathname}: ${messageOf(error)}`, { cause: error });
    }
  }
}
