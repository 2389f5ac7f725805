import { listDurableObjectIds, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Client, type StompConfig } from "@stomp/stompjs";
import { ORIGIN } from "./system-of-one.ts";

export interface ServerFrame {
  command: string;
  headers: Record<string, string>;
  body: string;
}

/** One frame of the server; it puts each in a message of its own and needs no escapes for what the tests make it say. */
function parse(text: string): ServerFrame {
  const headEnd = text.indexOf("\n\n");
  if (headEnd < 0 || !text.endsWith("\0")) throw new Error(`no whole frame: ${JSON.stringify(text)}`);
  const [command = "", ...lines] = text.slice(0, headEnd).split("\n");
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  return { command, headers, body: text.slice(headEnd + 2, -1) };
}

/** A frame as a client writes it; headers are not escaped. */
export function frame(command: string, headers: Record<string, string> = {}, body = ""): string {
  return [command, ...Object.entries(headers).map(([name, value]) => `${name}:${value}`), "", `${body}\0`].join("\n");
}

export async function openWs(headers: Record<string, string> = {}, path = "/ws"): Promise<{ ws: WebSocket; protocol: string | null }> {
  const response = await SELF.fetch(`${ORIGIN}${path}`, { headers: { Upgrade: "websocket", ...headers } });
  if (!response.webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return { ws: response.webSocket, protocol: response.headers.get("Sec-WebSocket-Protocol") };
}

type Waiting = { wants: (frame: ServerFrame) => boolean; resolve: (frame: ServerFrame) => void };

/** A raw WebSocket at /ws in the test's hand: sends what it is told, byte for byte, and keeps every frame that comes. */
export class StompSocket {
  readonly received: ServerFrame[] = [];
  private closed: { code: number; reason: string } | null = null;
  private onClosed: (() => void) | null = null;
  private readonly unread: ServerFrame[] = [];
  private readonly waiting: Waiting[] = [];
  private nextId = 1;
  readonly ws: WebSocket;
  /** Its object, to be evicted by tests. */
  readonly object: DurableObjectStub;

  private constructor(ws: WebSocket, object: DurableObjectStub) {
    this.ws = ws;
    this.object = object;
    ws.accept();
    ws.addEventListener("message", ({ data }) => {
      const message = parse(String(data));
      this.received.push(message);
      const index = this.waiting.findIndex(({ wants }) => wants(message));
      if (index < 0) this.unread.push(message);
      else this.waiting.splice(index, 1)[0]?.resolve(message);
    });
    ws.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.onClosed?.();
    });
  }

  static async open(): Promise<StompSocket> {
    const known = new Set((await listDurableObjectIds(env.SOCK_SESSION)).map(String));
    const { ws } = await openWs();
    const id = (await listDurableObjectIds(env.SOCK_SESSION)).find((one) => !known.has(String(one)));
    if (!id) throw new Error("the socket has no object");
    return new StompSocket(ws, env.SOCK_SESSION.get(id));
  }

  /** Open and past CONNECT. */
  static async connected(token: string): Promise<StompSocket> {
    const socket = await StompSocket.open();
    socket.connect({ Authorization: `Bearer ${token}` });
    await socket.next("CONNECTED");
    return socket;
  }

  connect(headers: Record<string, string>): void {
    this.send("CONNECT", { "accept-version": "1.0,1.1,1.2", host: "star-graph", ...headers });
  }

  send(command: string, headers: Record<string, string> = {}, body = ""): void {
    this.ws.send(frame(command, headers, body));
  }

  /** Subscribes, and waits until the server has taken it. */
  async subscribe(...destinations: string[]): Promise<void> {
    for (const destination of destinations) {
      const id = String(this.nextId++);
      this.send("SUBSCRIBE", { id, destination, receipt: `subscribed-${id}` });
      await this.next("RECEIPT");
    }
  }

  /** The next frame of that command, whether it came already or is still to come. */
  next(command: string, also: (frame: ServerFrame) => boolean = () => true): Promise<ServerFrame> {
    const wants = (one: ServerFrame) => one.command === command && also(one);
    const index = this.unread.findIndex(wants);
    if (index >= 0) return Promise.resolve(this.unread.splice(index, 1)[0]!);
    return new Promise((resolve) => this.waiting.push({ wants, resolve }));
  }

  /** The body of the next MESSAGE of that destination. */
  async nextMessage(destination: string): Promise<Record<string, unknown>> {
    const { body } = await this.next("MESSAGE", ({ headers }) => headers["destination"] === destination);
    return JSON.parse(body) as Record<string, unknown>;
  }

  /** Every MESSAGE so far. */
  messages(): Record<string, unknown>[] {
    return this.received.filter(({ command }) => command === "MESSAGE").map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }

  untilClosed(): Promise<{ code: number; reason: string }> {
    return new Promise((resolve) => {
      if (this.closed) resolve(this.closed);
      else this.onClosed = () => resolve(this.closed!);
    });
  }

  close(): void {
    if (!this.closed) this.ws.close(1000);
  }
}

/** The Worker's socket as a page's `new WebSocket(url)` would be: opens by itself, and tells by `on…` properties. */
class PageSocket {
  readonly url = `${ORIGIN.replace("http", "ws")}/ws`;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  protocol = "";
  private ws: WebSocket | null = null;

  constructor(protocols: readonly string[]) {
    void this.open(protocols);
  }

  private async open(protocols: readonly string[]): Promise<void> {
    const { ws, protocol } = await openWs({ "Sec-WebSocket-Protocol": protocols.join(", ") });
    this.ws = ws;
    this.protocol = protocol ?? "";
    ws.accept();
    ws.addEventListener("message", ({ data }) => this.onmessage?.({ data: data as string | ArrayBuffer }));
    ws.addEventListener("close", ({ code, reason, wasClean }) => {
      this.readyState = 3;
      this.onclose?.({ code, reason, wasClean });
    });
    this.readyState = 1;
    this.onopen?.();
  }

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    this.ws?.send(data);
  }

  close(code = 1000): void {
    this.readyState = 2;
    this.ws?.close(code);
  }
}

/** The unmodified client of @stomp/stompjs 7, on the Worker's socket. */
export function aStompClient(
  config: Pick<StompConfig, "connectHeaders" | "reconnectDelay" | "heartbeatIncoming" | "heartbeatOutgoing">,
): Client {
  return new Client({
    reconnectDelay: 10,
    ...config,
    webSocketFactory: () => new PageSocket(["v12.stomp", "v11.stomp", "v10.stomp"]),
  });
}
