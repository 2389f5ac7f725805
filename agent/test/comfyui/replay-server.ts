import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { Graph } from "../../src/engines/comfyui/graph.ts";
import { Inbox } from "../inbox.ts";
import { aJpeg } from "../pictures.ts";
import { ReplayedJob } from "./replayed-job.ts";
import type { Row } from "./transcript.ts";

export interface ReplayOptions {
  objectInfo: unknown;
  /** Bytes of a result file; null when there is none of that name. */
  file: (name: string, job: ReplayedJob | undefined) => Buffer | null;
  /** False for a server from before `/api/jobs`. */
  hasJobsApi: boolean;
  /** The graph that the recording was made with, by which its node ids are told. */
  recordedGraph?: unknown;
}

interface Posted {
  graph: Graph;
  body: { prompt: unknown; prompt_id: string; client_id?: string; extra_data?: { preview_method?: string } };
  answer: (status: number, body: unknown) => void;
}

/**
 * A real HTTP and WebSocket server that says what a ComfyUI was recorded to say, to the jobs that it is sent: message by message
 * in the recorded order, waiting where the recorded client had to act. Its state (queue, history) is that of the rows played so far.
 */
export class ReplayServer {
  readonly posts = new Inbox<Posted>();
  /** All requests, `POST /interrupt {…}`. */
  readonly requests: string[] = [];
  /** Each time the recorded client cancelled: which job, counted from 0. */
  readonly cancelRows = new Inbox<number>();
  /** Sent one after the other, with the moment of each. */
  readonly jobs: ReplayedJob[] = [];
  /** Names of the lines that were opened, in order. */
  readonly openNames: string[] = [];
  /** What was said first on each of them. */
  readonly firstMessages: unknown[] = [];
  /** What `GET /models/<folder>` answers is made of. */
  files = "as recorded";
  answersPings = true;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, autoPong: false });
  readonly #connections = new Inbox<{ socket: WebSocket; clientId: string }>();
  readonly #bound = new Map<string, { socket: WebSocket; clientId: string }>();
  readonly #options: ReplayOptions;
  readonly #uploads: string[] = [];
  #port = 0;
  #cancelled = new Set<string>();
  #cancelWaits: (() => void)[] = [];
  #missing = new Set<string>();
  /** From the end of the recording on the server has done all that it was given. */
  #isPlayedOut = false;

  private constructor(server: Server, options: ReplayOptions) {
    this.#server = server;
    this.#options = options;
  }

  static async start(options: ReplayOptions): Promise<ReplayServer> {
    const http = createServer();
    const server = new ReplayServer(http, options);
    http.on("upgrade", (request, socket, head) => {
      server.#sockets.handleUpgrade(request, socket, head, (ws) => {
        ws.on("error", () => {});
        ws.on("ping", () => server.answersPings && ws.pong());
        const clientId = new URL(request.url ?? "", "http://x").searchParams.get("clientId") ?? "";
        server.openNames.push(clientId);
        ws.once("message", (data: Buffer) => server.firstMessages.push(JSON.parse(data.toString("utf8"))));
        server.#connections.push({ socket: ws, clientId });
      });
    });
    http.on("request", (request, response) => void server.#onRequest(request, response));
    await server.listen();
    return server;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Names of the lines that are open now, in order. */
  get lineNames(): string[] {
    return this.#connections.seen.filter(({ socket }) => socket.readyState === socket.OPEN).map(({ clientId }) => clientId);
  }

  get uploads(): readonly string[] {
    return this.#uploads;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As a killed process does it: sockets break, connections are refused, and nothing is remembered. */
  async die(): Promise<void> {
    await this.stop();
    this.jobs.length = 0;
    this.#bound.clear();
  }

  /** The next job that is sent: it is at work until the test ends it. `promptId`: an id of the server's own choosing. */
  async nextJob(promptId?: string): Promise<{ job: ReplayedJob; body: Posted["body"] }> {
    const { body, graph, answer } = await this.posts.take();
    const job = new ReplayedJob(promptId ?? body.prompt_id, graph, graph, answer);
    job.hasStarted = true;
    this.jobs.push(job);
    job.accept(200, { number: 0, node_errors: {} });
    return { job, body };
  }

  /** On every line, as it is. */
  say(message: object): void {
    for (const socket of this.#sockets.clients) socket.send(JSON.stringify(message));
  }

  /** A job that is over at once. */
  finish(promptId: string, graph: Graph, outputs: Record<string, unknown>): void {
    const job = new ReplayedJob(promptId, graph, graph, () => {});
    for (const [node, output] of Object.entries(outputs)) job.played({ type: "executed", data: { node, output } });
    job.endWell();
    this.jobs.push(job);
  }

  /** Plays a scenario to its end. */
  async play(rows: readonly Row[]): Promise<void> {
    const order = orderOfJobs(rows);
    const jobOf = async (recordedId: string): Promise<ReplayedJob> => {
      const index = order.indexOf(recordedId);
      while (this.jobs.length <= index) await this.#take();
      const job = this.jobs[index];
      if (!job) throw new Error("no such job");
      return job;
    };
    for (const [index, row] of rows.entries()) await this.#playRow(row, rows.slice(index + 1), jobOf, order);
    this.#isPlayedOut = true;
    for (const job of this.jobs) job.endWell();
  }

  async #playRow(row: Row, later: readonly Row[], jobOf: (id: string) => Promise<ReplayedJob>, order: string[]): Promise<void> {
    if (row.ws === "open") {
      // A second socket for one name: the first looks broken to the client, and is still there to the server.
      for (const [who, { socket }] of this.#bound)
        if (who !== row.who && later.every((next) => next.ws !== "open") && order.length === 1) socket.terminate();
      this.#bound.set(row.who, await this.#connections.take());
      return;
    }
    if (row.ws === "text" && row.message) return this.#playMessage(row, row.message, jobOf);
    if (row.ws === "binary") return this.#playPicture(row, jobOf);
    if (row.ws === "closed") {
      if (row.code === 1006) await this.die();
      else if (later.some((next) => next.ws === "open" && next.who === row.who)) this.#bound.get(row.who)?.socket.terminate();
      return;
    }
    if (row.http === "POST /prompt") {
      const id = (row.body as { prompt_id?: string } | undefined)?.prompt_id;
      if (id !== undefined) (await jobOf(id)).accept(row.status ?? 200, row.body);
      return;
    }
    if (row.http?.startsWith("GET /view") && row.status === 404)
      this.#missing.add(new URL(row.http.slice(4), "http://x").searchParams.get("filename") ?? "");
    const cancelled = cancelledBy(row);
    if (cancelled === null || !order.includes(cancelled)) return;
    const job = await jobOf(cancelled);
    if (job.isOver || this.#cancelled.has(job.promptId)) return;
    this.cancelRows.push(order.indexOf(cancelled));
    while (!this.#cancelled.has(job.promptId)) await new Promise<void>((resolve) => this.#cancelWaits.push(resolve));
    // Taken out of the queue: no message says so but `status`.
    if (!job.hasStarted) job.drop();
  }

  async #playMessage({ who }: Row, message: NonNullable<Row["message"]>, jobOf: (id: string) => Promise<ReplayedJob>): Promise<void> {
    const id = message.data?.["prompt_id"];
    const job = typeof id === "string" ? await jobOf(id) : null;
    const text = JSON.stringify(job ? job.translate(message) : message);
    this.#bound.get(who)?.socket.send(text);
    if (job) job.played(message);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #playPicture(
    { who, event_type: kind, image_type: picture, metadata }: Row,
    jobOf: (id: string) => Promise<ReplayedJob>,
  ): Promise<void> {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(kind ?? 1, 0);
    let text = Buffer.alloc(0);
    if (metadata) {
      const job = await jobOf(metadata.prompt_id);
      text = Buffer.from(JSON.stringify({ ...metadata, prompt_id: job.promptId }));
    }
    head.writeUInt32BE(kind === 4 ? text.length : (picture ?? 1), 4);
    const bytes = picture === 2 ? (this.#options.file("sent.png", this.jobs.at(-1)) ?? Buffer.alloc(0)) : aJpeg(64, 64);
    this.#bound.get(who)?.socket.send(Buffer.concat([head, text, bytes]));
  }

  /** The next job that a client sends. */
  async #take(): Promise<void> {
    const posted = await this.posts.take();
    this.jobs.push(new ReplayedJob(posted.body.prompt_id, posted.graph, this.#options.recordedGraph, posted.answer));
  }

  #jobById(id: string | undefined): ReplayedJob | undefined {
    return this.jobs.findLast(({ promptId }) => promptId === id);
  }

  #cancel(id: string): boolean {
    this.#cancelled.add(id);
    for (const resolve of this.#cancelWaits.splice(0)) resolve();
    const job = this.#jobById(id);
    return job !== undefined && !job.isOver;
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const bytes = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", this.url);
    const route = `${request.method} ${url.pathname}${url.search}`;
    const isUpload = url.pathname === "/upload/image";
    this.requests.push(isUpload || bytes.length === 0 || url.pathname === "/prompt" ? route : `${route} ${bytes.toString("utf8")}`);
    const answer = (status: number, body?: unknown): void => {
      response.writeHead(status, { "content-type": Buffer.isBuffer(body) ? "application/octet-stream" : "application/json" });
      response.end(body === undefined ? undefined : Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    if (request.headers.origin !== undefined) return answer(403);
    const [, first = "", second = "", third = "", last = ""] = url.pathname.split("/");
    switch (first) {
      case "object_info":
        return answer(200, this.#options.objectInfo);
      case "models":
        return answer(200, [second, this.files]);
      case "system_stats":
        return answer(200, { system: { comfyui_version: "0.26.0" }, devices: [{ vram_total: 25_276_514_304, vram_free: 21_733_793_792 }] });
      case "upload": {
        const name = /name="image"; filename="([^"]+)"/.exec(bytes.toString("latin1"))?.[1] ?? "";
        this.#uploads.push(name);
        return answer(200, { name, subfolder: "stargraph", type: "input" });
      }
      case "prompt": {
        const body = JSON.parse(bytes.toString("utf8")) as Posted["body"];
        this.posts.push({ graph: Graph.parse(body.prompt), body, answer });
        return;
      }
      case "history": {
        if (request.method === "POST") {
          for (const id of (JSON.parse(bytes.toString("utf8")) as { delete: string[] }).delete) this.#jobById(id)?.forget();
          return answer(200);
        }
        const entry = this.#jobById(second)?.history(this.#isPlayedOut);
        return answer(200, entry ? { [second]: entry } : {});
      }
      case "queue": {
        if (request.method === "POST") {
          for (const id of (JSON.parse(bytes.toString("utf8")) as { delete: string[] }).delete) this.#cancel(id);
          return answer(200);
        }
        const open = this.jobs.filter((job) => !job.isOver).map((job): [number, string, boolean] => [0, job.promptId, job.hasStarted]);
        return answer(200, {
          queue_running: open.filter(([, , isRunning]) => isRunning),
          queue_pending: open.filter(([, , isRunning]) => !isRunning),
        });
      }
      case "api":
        if (second !== "jobs" || last !== "cancel" || !this.#options.hasJobsApi) return answer(404);
        return answer(200, { cancelled: this.#cancel(third) });
      case "interrupt": {
        const { prompt_id: id } = JSON.parse(bytes.toString("utf8")) as { prompt_id?: string };
        if (id !== undefined) this.#cancel(id);
        return answer(200);
      }
      case "view": {
        const name = url.searchParams.get("filename") ?? "";
        const file = this.#missing.has(name)
          ? null
          : this.#options.file(
              name,
              this.jobs.find((job) => job.hasFile(name)),
            );
        return file ? answer(200, file) : answer(404);
      }
      default:
        return answer(first === "free" ? 200 : 404);
    }
  }
}

/** Ids in the order in which they are first named, for jobs whose sending was not kept too. */
function orderOfJobs(rows: readonly Row[]): string[] {
  const ids = rows.flatMap((row) => {
    const body = row.http === "POST /prompt" ? (row.body as { prompt_id?: unknown } | undefined)?.prompt_id : undefined;
    const id = body ?? row.message?.data?.["prompt_id"];
    return typeof id === "string" ? [id] : [];
  });
  return [...new Set(ids)];
}

/** Which job a row asks to stop; null for rows that ask nothing, or to stop whatever runs. */
function cancelledBy({ http, sent }: Row): string | null {
  const [, id] = /^POST \/api\/jobs\/([^/]+)\/cancel$/.exec(http ?? "") ?? [];
  if (id !== undefined) return id;
  const body = sent as { prompt_id?: string; delete?: string[] } | null | undefined;
  if (http === "POST /interrupt") return body?.prompt_id ?? null;
  return http === "POST /queue" ? (body?.delete?.[0] ?? null) : null;
}
