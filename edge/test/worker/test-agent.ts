import { SELF } from "cloudflare:test";
import {
  AGENT_SOCKET_PATH,
  type AgentMessage,
  type EdgeMessage,
  type OfferMessage,
  PROTOCOL_VERSION,
} from "@star-graph/shared/agent-protocol";
import { outputOf } from "@star-graph/shared/work";
import { call, ORIGIN, SCENE_CAPABILITIES } from "./system-of-one.ts";

/** 1×1 pixel, the smallest PNG that is one. */
export const TINY_PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (letter) => letter.charCodeAt(0),
);

/** A PNG that says it is that large; nobody looks at its pixels. */
export function pictureOf(width: number, height: number): Uint8Array {
  const bytes = TINY_PNG.slice();
  const header = new DataView(bytes.buffer);
  header.setUint32(16, width);
  header.setUint32(20, height);
  return bytes;
}

/** A picture of the size that was ordered. */
export function pictureFor({ task }: OfferMessage): Uint8Array {
  const { width, height } = outputOf(task);
  return pictureOf(width, height);
}

type Waiting = { wants: (message: EdgeMessage) => boolean; resolve: (message: EdgeMessage) => void };

/** An agent in the test's hand: speaks the protocol over a real socket and does only what the test says. */
export class TestAgent {
  readonly received: EdgeMessage[] = [];
  readonly standings: Extract<EdgeMessage, { type: "standing" }>[] = [];
  closed: { code: number; reason: string } | null = null;
  private readonly unread: EdgeMessage[] = [];
  private readonly waiting: Waiting[] = [];
  private isCut = false;
  private onClosed: (() => void) | null = null;
  private readonly ws: WebSocket;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.accept();
    ws.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as EdgeMessage;
      // Said whenever something has changed, and in the way of who counts what was said to the agent.
      if (message.type === "standing") return void this.standings.push(message);
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

  /** Opens the socket; `hello` and `ready` are separate, as they are on the wire. */
  static async open(
    key: string,
    fetch: (request: Request) => Promise<Response> | Response = (request) => SELF.fetch(request),
  ): Promise<TestAgent> {
    const headers = { Upgrade: "websocket", Authorization: `Bearer ${key}` };
    const response = await fetch(new Request(`${ORIGIN}${AGENT_SOCKET_PATH}`, { headers }));
    if (!response.webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
    return new TestAgent(response.webSocket);
  }

  /** Connected, greeted and ready for work. */
  static async ready(
    key: string,
    { id = "test-agent-1", capabilities = SCENE_CAPABILITIES, running = [] as string[], finished = [] as string[] } = {},
  ) {
    const agent = await TestAgent.open(key);
    agent.hello({ id, capabilities, running, finished });
    await agent.next("welcome");
    agent.send({ type: "ready", freeSlots: capabilities.slots - running.length });
    return agent;
  }

  hello({
    id = "test-agent-1",
    capabilities = SCENE_CAPABILITIES,
    running = [] as string[],
    finished = [] as string[],
    protocol = PROTOCOL_VERSION,
  } = {}): void {
    this.send({ type: "hello", protocol, agent: { id, name: id, version: "test" }, capabilities, running, finished });
  }

  send(message: AgentMessage): void {
    this.ws.send(JSON.stringify(message));
  }

  sendRaw(text: string | ArrayBuffer): void {
    this.ws.send(text);
  }

  /** The next message of that type, whether it came already or is still to come. */
  next<T extends EdgeMessage["type"]>(type: T): Promise<Extract<EdgeMessage, { type: T }>> {
    const wants = (message: EdgeMessage) => message.type === type;
    const index = this.unread.findIndex(wants);
    if (index >= 0) return Promise.resolve(this.unread.splice(index, 1)[0] as Extract<EdgeMessage, { type: T }>);
    return new Promise((resolve) => this.waiting.push({ wants, resolve: resolve as (message: EdgeMessage) => void }));
  }

  untilClosed(): Promise<{ code: number; reason: string }> {
    return new Promise((resolve) => {
      if (this.closed) resolve(this.closed);
      else this.onClosed = () => resolve(this.closed!);
    });
  }

  /** Cuts the line without a word. */
  cut(): void {
    this.isCut = true;
    this.ws.close(1000, "cut by the test");
  }

  /** Says goodbye, so that nothing of it is left for the next test. */
  leave(): void {
    if (this.isCut || this.closed) return;
    this.send({ type: "bye", reason: "end of test" });
    this.cut();
  }

  async acceptOffer(): Promise<OfferMessage> {
    const offer = await this.next("offer");
    this.send({ type: "accepted", attemptId: offer.attemptId });
    return offer;
  }

  /** Uploads a picture and its thumbnail for an attempt. */
  async upload(offer: OfferMessage, bytes: Uint8Array = pictureFor(offer), index = 0): Promise<{ sha256: string }> {
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    for (const suffix of ["", "/thumbnail"]) {
      const { status, body } = await put(`${offer.upload.url}/${index}${suffix}`, offer.upload.grant, bytes, sha256);
      if (status !== 200) throw new Error(`upload refused: ${status} ${JSON.stringify(body)}`);
    }
    return { sha256: Buffer.from(sha256).toString("hex") };
  }

  complete(offer: OfferMessage, sha256: string): void {
    const servedBy = { engine: "test", model: "test-model" };
    this.send({ type: "completed", attemptId: offer.attemptId, files: [{ index: 0, sha256 }], servedBy, notes: ["drawn by a test"] });
  }
}

/** One upload, as an agent makes it. */
export async function put(url: string, grant: string, bytes: Uint8Array, sha256: Uint8Array, headers: Record<string, string> = {}) {
  const digest = `sha-256=:${Buffer.from(sha256).toString("base64")}:`;
  return call("PUT", new URL(url).pathname, {
    token: grant,
    body: bytes.slice().buffer,
    headers: { "Content-Type": "image/png", "Content-Digest": digest, ...headers },
  });
}
