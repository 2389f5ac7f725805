import http from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { AGENT_ID_HEADER, AGENT_SOCKET_PATH } from "@star-graph/shared/agent-protocol";
import type { Phase } from "@star-graph/shared/task";
import { z } from "zod";
import { WebSocket, WebSocketServer } from "ws";

/** What can be under way between an agent and the edge: a frame by its type, or the request that carries a file. */
export type UnderWay = "offer" | "input" | "upload" | "completed" | "ack" | "cancel" | "stopped";

export interface Gate {
  /** Something has come up to it. */
  reached: Promise<void>;
  /** Lets on what has come up to it, where both ends still live, and whatever comes later. */
  open(): void;
  /** Breaks what has come up to it, and lets through whatever comes later. */
  break(): void;
}

const Frame = z.object({
  type: z.string(),
  attemptId: z.string().optional(),
  agent: z.object({ name: z.string() }).optional(),
  task: z.object({ parameters: z.object({ prompt: z.string() }) }).optional(),
  phase: z.string().optional(),
});

interface ClosedGate extends Gate {
  prompt: string;
  what: UnderWay;
  arrive(pass: () => void, destroy?: () => void): void;
}

const LOOK_MS = 20;

/**
 * The network between the edge and everybody else, on loopback. It holds up what a test names, by the prompt of its task, so that
 * something can die at exactly that moment. While the edge is down, or an agent's line is cut, nothing gets through and nothing is
 * refused: as with a balancer that waits for its only server, and a cable that is pulled.
 */
export class Network {
  readonly #targetPort: number;
  readonly #gates = new Set<ClosedGate>();
  readonly #watches: { prompt: string; phase: Phase; onPhase: () => void }[] = [];
  readonly #promptOf = new Map<string, string>();
  /** Of each agent, by the id that it names in its upgrade. */
  readonly #nameOf = new Map<string, string>();
  readonly #agentOf = new Map<string, string>();
  readonly #cut = new Set<string>();
  readonly #over = new AbortController();
  readonly #lines = new Set<WebSocket>();
  readonly #server = http.createServer((request, response) => void this.#onRequest(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  #isEdgeUp = false;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  async listen(): Promise<string> {
    this.#server.on(
      "upgrade",
      (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void this.#onUpgrade(request, socket, head),
    );
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (typeof address !== "object" || !address) throw new Error("no address");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Holds up this of the task with that prompt, from now on. */
  gate(prompt: string, what: UnderWay): Gate {
    const { promise: reached, resolve: onReached } = Promise.withResolvers<void>();
    let held: { pass: () => void; destroy: () => void }[] | null = [];
    const letGo = (end: "pass" | "destroy") => {
      this.#gates.delete(gate);
      for (const one of held ?? []) one[end]();
      held = null;
    };
    const gate: ClosedGate = {
      prompt,
      what,
      reached,
      arrive: (pass, destroy = () => {}) => {
        onReached();
        if (held) held.push({ pass, destroy });
        else pass();
      },
      open: () => letGo("pass"),
      break: () => letGo("destroy"),
    };
    this.#gates.add(gate);
    return gate;
  }

  /** Once the edge has been told that the task with that prompt is in that phase. */
  phase(prompt: string, phase: Phase): Promise<void> {
    return new Promise((resolve) => this.#watches.push({ prompt, phase, onPhase: resolve }));
  }

  /** Whether requests and new lines get through. Not before this was called. */
  letThrough(isEdgeUp: boolean): void {
    this.#isEdgeUp = isEdgeUp;
  }

  cut(agent: string): void {
    this.#cut.add(agent);
  }

  mend(agent: string): void {
    this.#cut.delete(agent);
  }

  async close(): Promise<void> {
    this.#over.abort();
    for (const line of this.#lines) line.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #closedGate(attemptId: string | undefined, what: string): ClosedGate | undefined {
    const prompt = this.#promptOf.get(attemptId ?? "");
    return prompt === undefined ? undefined : [...this.#gates].find((gate) => gate.prompt === prompt && gate.what === what);
  }

  /** Until the way is free. @throws when the test is over */
  async #wayFree(agent: () => string | undefined): Promise<void> {
    while (!this.#isEdgeUp || this.#cut.has(agent() ?? "")) await sleep(LOOK_MS, undefined, { signal: this.#over.signal });
  }

  async #onRequest(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    const [, attemptId, rest = ""] = /^\/agent\/v1\/attempts\/([\w-]+)\/(.*)$/.exec(url) ?? [];
    const what = rest.startsWith("inputs/") ? "input" : /^files\/\d+$/.test(rest) ? "upload" : "";
    const gate = this.#closedGate(attemptId, what);
    if (gate && what === "input") await new Promise<void>((resolve) => gate.arrive(resolve));
    try {
      await this.#wayFree(() => this.#agentOf.get(attemptId ?? ""));
    } catch {
      return;
    }
    if (request.destroyed && !request.complete) return;
    const out = http.request({ host: "127.0.0.1", port: this.#targetPort, method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    out.on("error", () => response.destroy());
    response.on("close", () => out.destroy());
    if (gate && what === "upload") await holdInTheMiddle(request, out, gate);
    request.pipe(out);
  }

  async #onUpgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const agentId = request.url?.startsWith(AGENT_SOCKET_PATH) ? String(request.headers[AGENT_ID_HEADER.toLowerCase()]) : "";
    const agent = () => this.#nameOf.get(agentId);
    socket.on("error", () => {});
    try {
      await this.#wayFree(agent);
    } catch {
      return;
    }
    if (socket.destroyed) return;
    const { host: _host, connection: _connection, upgrade: _upgrade, ...rest } = request.headers;
    const sent = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("sec-websocket-")));
    const inner = new WebSocket(`ws://127.0.0.1:${this.#targetPort}${request.url}`, { headers: sent, perMessageDeflate: false });
    this.#lines.add(inner);
    inner.on("error", () => socket.destroy());
    inner.on("unexpected-response", (_, answer) => {
      socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`);
      inner.terminate();
    });
    inner.on("open", () =>
      this.#sockets.handleUpgrade(request, socket, head, (outer) => {
        this.#lines.add(outer);
        this.#relay(
          outer,
          inner,
          (frame) => {
            if (frame.agent) this.#nameOf.set(agentId, frame.agent.name);
            const prompt = this.#promptOf.get(frame.attemptId ?? "");
            for (const watch of this.#watches) if (watch.prompt === prompt && watch.phase === frame.phase) watch.onPhase();
          },
          agent,
        );
        this.#relay(
          inner,
          outer,
          ({ type, attemptId = "", task }) => {
            if (type !== "offer") return;
            this.#promptOf.set(attemptId, task?.parameters.prompt ?? "");
            this.#agentOf.set(attemptId, agent() ?? "");
          },
          agent,
        );
      }),
    );
  }

  /** Passes one direction on, its end included. What is under way on a cut line is lost, and so is the word that it was closed. */
  #relay(from: WebSocket, to: WebSocket, note: (frame: z.infer<typeof Frame>) => void, agent: () => string | undefined): void {
    const isCut = () => this.#cut.has(agent() ?? "");
    from.on("message", (data: Buffer, isBinary) => {
      if (isCut()) return;
      const pass = () => to.readyState === WebSocket.OPEN && to.send(data, { binary: isBinary });
      const frame = Frame.safeParse(JSON.parse(data.toString("utf8")));
      if (frame.success) note(frame.data);
      const gate = frame.success ? this.#closedGate(frame.data.attemptId, frame.data.type) : undefined;
      if (gate) gate.arrive(pass);
      else pass();
    });
    from.on("error", () => {});
    from.on("close", (code, reason) => {
      if (isCut()) return;
      // 1005 and 1006 mean that no code came: they are not sent.
      if (code === 1006) to.terminate();
      else to.close(code === 1005 ? undefined : code, reason);
    });
  }
}

/** Lets the first half of a body through, and the rest when the gate opens or the body ends early. */
async function holdInTheMiddle(request: http.IncomingMessage, out: http.ClientRequest, gate: ClosedGate): Promise<void> {
  let left = Math.floor(Number(request.headers["content-length"]) / 2);
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    out.write(bytes.subarray(0, left));
    if (bytes.length <= left) {
      left -= bytes.length;
      continue;
    }
    request.unshift(bytes.subarray(left));
    break;
  }
  const ended = new Promise<void>((resolve) => request.once("close", resolve));
  await Promise.race([new Promise<void>((resolve) => gate.arrive(resolve, () => request.destroy())), ended]);
}
