import {
  AGENT_CLOSE,
  AGENT_ID_HEADER,
  type AgentMessage,
  type EdgeMessage,
  type HelloMessage,
  MAX_FRAME_BYTES,
  parseEdgeFrame,
  PING_FRAME,
  type WelcomeMessage,
} from "@star-graph/shared/agent-protocol";
import { WebSocket } from "ws";
import { retryAfterMs } from "./backoff.ts";
import { type Ending, endingOfClose, endingOfError, endingOfStatus, lost } from "./endings.ts";
import { wordsOfEdge } from "./edge-answer.ts";
import { startHeartbeat } from "./heartbeat.ts";
import type { Log } from "./log.ts";
import type { Network } from "./network.ts";
import { messageOf } from "./outside.ts";

/** What remains for the agent once the connection has dealt with its own messages. */
export type WorkMessage = Exclude<EdgeMessage, { type: "welcome" | "pong" | "error" }>;

/** What the agent says on each of its lines, and does with what it hears. */
export interface Conversation {
  hello: () => HelloMessage;
  onWelcome: (welcome: WelcomeMessage) => void;
  onMessage: (message: WorkMessage) => void;
}

export interface ConnectionOptions extends Conversation {
  url: URL;
  key: string;
  agentId: string;
  network: Pick<Network, "socketAgent" | "authorities">;
  /** How long the answer to the upgrade, with all that comes before it, and then the welcome may take. */
  welcomeMs: number;
  log: Log;
  signal: AbortSignal;
}

/** The edge has this long to close in its turn. */
const CLOSE_MS = 500;

/** One WebSocket, from the upgrade to its end. It says hello, waits for the welcome, and keeps the line alive. */
export class Connection {
  readonly ended: Promise<Ending>;
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #over = new AbortController();
  readonly #end: (ending: Ending) => void;
  #heartbeat: { heard(): void } | null = null;
  /** Lets go of a proxy that has not put us through yet; nothing else holds that socket. */
  readonly #hangUp = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #isWelcomed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#end = (ending) => {
      this.#over.abort();
      this.#stopWaiting();
      resolve(ending);
    };
    const { socketAgent, authorities } = options.network;
    const agent = socketAgent(options.url, this.#hangUp.signal);
    const socket = new WebSocket(options.url, {
      ...(agent && { agent }),
      ...(authorities && { ca: authorities }),
      headers: { authorization: `Bearer ${options.key}`, [AGENT_ID_HEADER]: options.agentId },
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#waitFor("an answer to the upgrade");
    socket.on("open", () => this.#onOpen());
    socket.on("message", (data, isBinary) => this.#onFrame(!isBinary && Buffer.isBuffer(data) ? data.toString("utf8") : null));
    socket.on("unexpected-response", (request, response) => {
      const { statusCode = 0, headers } = response;
      void wordsOfEdge(response)
        .catch(() => null)
        .then((words) => this.#end(endingOfStatus(statusCode, words !== null, retryAfterMs(headers["retry-after"]))))
        .finally(() => request.destroy());
    });
    socket.on("error", (error) => this.#end(lost(messageOf(error))));
    socket.on("close", (code, reason) => this.#end(endingOfClose(code, reason.toString())));
    options.signal.addEventListener("abort", () => this.#leave(), { signal: this.#over.signal });
  }

  get isUp(): boolean {
    return this.#isWelcomed && !this.#over.signal.aborted;
  }

  /** False when the line is not open, or not yet welcomed: whoever cares says it again after the next welcome. */
  send(message: AgentMessage): boolean {
    if (!this.isUp) return false;
    return this.#write(JSON.stringify(message));
  }

  #write(frame: string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(frame);
    return true;
  }

  #onOpen(): void {
    this.#write(JSON.stringify(this.#options.hello()));
    this.#waitFor("a welcome");
  }

  #waitFor(what: string): void {
    this.#stopWaiting();
    this.#timer = setTimeout(() => this.#drop(lost(`${what} did not come`)), this.#options.welcomeMs);
  }

  #stopWaiting(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  #onFrame(frame: string | null): void {
    if (this.#over.signal.aborted) return;
    this.#heartbeat?.heard();
    const parsed = frame === null ? { kind: "broken" as const, reason: "a binary frame" } : parseEdgeFrame(frame);
    switch (parsed.kind) {
      case "broken":
        this.#options.log.warn("broken-frame", `The edge sent a broken frame: ${parsed.reason}`);
        this.#drop(lost("a broken frame"), AGENT_CLOSE.BAD_FRAME, parsed.reason);
        return;
      case "unknown":
        return;
      case "message":
        this.#onMessage(parsed.message);
    }
  }

  #onMessage(message: EdgeMessage): void {
    const { log, onMessage } = this.#options;
    switch (message.type) {
      case "welcome":
        this.#onWelcome(message);
        return;
      case "pong":
        return;
      case "error": {
        const ending = endingOfError(message.code, message.message);
        if (ending) this.#drop(ending);
        else log.warn("edge-error", `The edge says: ${message.message}`, { code: message.code });
        return;
      }
      case "offer":
      case "cancel":
      case "ack":
      case "drain":
      case "watch":
      case "standing":
        onMessage(message);
    }
  }

  #onWelcome(welcome: WelcomeMessage): void {
    if (this.#isWelcomed) return;
    this.#isWelcomed = true;
    this.#stopWaiting();
    this.#heartbeat = startHeartbeat({
      pingMs: welcome.timings.pingMs,
      ping: () => this.#write(PING_FRAME),
      onSilent: () => this.#drop(lost("nothing came from the edge any more")),
      signal: this.#over.signal,
    });
    this.#options.onWelcome(welcome);
  }

  #drop(ending: Ending, code = 1000, reason = ""): void {
    this.#end(ending);
    this.#close(code, reason);
  }

  /** The owner stops the agent: `ended` follows when the edge has closed in its turn. */
  #leave(): void {
    this.#write(JSON.stringify({ type: "bye", reason: "stopped by its owner" } satisfies AgentMessage));
    this.#over.abort();
    this.#close(1000, "bye");
  }

  #close(code: number, reason: string): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#hangUp.abort();
    // A dead line never answers the close.
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    this.#socket.once("close", () => clearTimeout(timer));
    // A close reason has 123 bytes at most.
    this.#socket.close(code, reason.replaceAll(/[^ -~]/g, "?").slice(0, 120));
  }
}
