import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import {
  AGENT_SOCKET_PATH,
  type AgentMessage,
  type EdgeMessage,
  OLDEST_PROTOCOL_VERSION,
  parseAgentFrame,
  PING_FRAME,
  PONG_FRAME,
  PROTOCOL_VERSION,
  type WelcomeMessage,
} from "@star-graph/shared/agent-protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { Inbox } from "./inbox.ts";

export const KEY = "sgk_test_0123456789";
export const GRANT = "grant-of-the-attempt";

export const WELCOME: WelcomeMessage = {
  type: "welcome",
  protocol: 1,
  // So long a progress interval that only what must go at once goes, however slow the machine.
  timings: { pingMs: 10_000, leaseMs: 30_000, graceMs: 30_000, progressMs: 60_000 },
  maxResultBytes: 1024 * 1024,
};

type MessageOf<T extends AgentMessage["type"]> = Extract<AgentMessage, { type: T }>;

/** The edge's end of one agent's socket. */
export class AgentLine {
  readonly inbox = new Inbox<AgentMessage>();
  readonly authorization: string | undefined;
  readonly closed: Promise<{ code: number; reason: string }>;
  pings = 0;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, request: IncomingMessage, answersPings: boolean) {
    this.#socket = socket;
    this.authorization = request.headers.authorization;
    this.closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })));
    socket.on("message", (data: Buffer) => {
      const frame = data.toString("utf8");
      if (frame === PING_FRAME) {
        this.pings++;
        if (answersPings) socket.send(PONG_FRAME);
        return;
      }
      const parsed = parseAgentFrame(frame);
      if (parsed.kind !== "message") throw new Error(`the agent sent a frame that is ${JSON.stringify(parsed)}`);
      this.inbox.push(parsed.message);
    });
  }

  send(message: EdgeMessage | string): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async next<T extends AgentMessage["type"]>(type: T): Promise<MessageOf<T>> {
    return (await this.inbox.take((message) => message.type === type)) as MessageOf<T>;
  }

  close(code: number, reason = ""): void {
    this.#socket.close(code, reason);
  }

  /** As a pulled cable does it: no close frame. */
  cut(): void {
    this.#socket.terminate();
  }
}

/** A status with the edge's envelope, or one that some box on the way gives in its place. */
export type PlannedAnswer = number | { byFirewall: number };

const statusOf = (answer: PlannedAnswer): number => (typeof answer === "number" ? answer : answer.byFirewall);

function bodyOf(answer: PlannedAnswer): string {
  if (typeof answer !== "number") return "<html>blocked</html>";
  const message = answer === 200 ? "success" : `the edge says ${answer}`;
  return JSON.stringify({ code: answer, message, timestamp: 0, requestId: "r" });
}

export interface StoredFile {
  bytes: Buffer;
  contentType: string | undefined;
}

/** A real HTTP and WebSocket server that speaks the edge's side of the protocol. */
export class FakeEdge {
  /** Sockets whose upgrade was granted. */
  readonly lines = new Inbox<AgentLine>();
  /** Stored files by the path they were put at. */
  readonly files = new Map<string, StoredFile>();
  readonly puts = new Inbox<string>();
  /** What is served by GET with the grant, by path. A function answers each request anew. */
  readonly inputs = new Map<string, () => Buffer | PlannedAnswer>();
  /** Previews as they came, with the path they came by. */
  readonly previews = new Inbox<{ path: string; bytes: Buffer; contentType: string | undefined }>();
  /** The answer to a preview. */
  previewAnswer = 204;
  /** Statuses that refuse the next upgrades; once the list is empty they are granted. */
  upgradeAnswers: PlannedAnswer[] = [];
  /** Statuses for the next uploads, before they are looked at. */
  uploadAnswers: PlannedAnswer[] = [];
  upgrades = 0;
  welcome: WelcomeMessage | null = WELCOME;
  answersPings = true;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port = 0): Promise<FakeEdge> {
    const server = createServer();
    const edge = new FakeEdge(server);
    server.on("upgrade", (request, socket, head) => edge.#onUpgrade(request, socket, head));
    server.on("request", (request, response) => void edge.#onRequest(request, response));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return edge;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next agent that connected, said hello and, unless `welcome` is null, was welcomed. */
  async nextAgent(): Promise<{ line: AgentLine; hello: MessageOf<"hello"> }> {
    const line = await this.lines.take();
    const hello = await line.next("hello");
    if (this.welcome) line.send(this.welcome);
    return { line, hello };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.upgrades++;
    const planned = this.upgradeAnswers.shift();
    const answer = planned ?? (request.url !== AGENT_SOCKET_PATH ? 404 : request.headers.authorization !== `Bearer ${KEY}` ? 401 : null);
    if (answer !== null) {
      const body = bodyOf(answer);
      socket.end(`HTTP/1.1 ${statusOf(answer)} No\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.lines.push(new AgentLine(ws, request, this.answersPings)));
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const path = request.url ?? "";
    if (path === "/health") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          code: 200,
          message: "success",
          data: { status: "ok", agents: 0, agentProtocol: { oldest: OLDEST_PROTOCOL_VERSION, newest: PROTOCOL_VERSION } },
          timestamp: Date.now(),
          requestId: "r",
        }),
      );
      return;
    }
    if (request.method === "GET") {
      const isGranted = request.headers.authorization === `Bearer ${GRANT}`;
      const answer = isGranted ? (this.inputs.get(path)?.() ?? 404) : 403;
      response.writeHead(Buffer.isBuffer(answer) ? 200 : statusOf(answer));
      response.end(Buffer.isBuffer(answer) ? answer : bodyOf(answer));
      return;
    }
    if (request.method === "POST" && path.endsWith("/preview")) {
      const isGranted = request.headers.authorization === `Bearer ${GRANT}`;
      response.writeHead(isGranted ? this.previewAnswer : 403).end();
      if (isGranted) this.previews.push({ path, bytes, contentType: request.headers["content-type"] });
      return;
    }
    const answer = this.uploadAnswers.shift() ?? judgeUpload(request, bytes);
    if (answer === 200) this.files.set(path, { bytes, contentType: request.headers["content-type"] });
    response.writeHead(statusOf(answer), { "content-type": typeof answer === "number" ? "application/json" : "text/html" });
    response.end(bodyOf(answer));
    this.puts.push(`${statusOf(answer)} ${path}`);
  }
}

function judgeUpload(request: IncomingMessage, bytes: Buffer): number {
  if (request.method !== "PUT") return 405;
  if (request.headers.authorization !== `Bearer ${GRANT}`) return 403;
  if (request.headers["content-length"] !== String(bytes.length)) return 411;
  const digest = `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
  return request.headers["content-digest"] === digest ? 200 : 422;
}
