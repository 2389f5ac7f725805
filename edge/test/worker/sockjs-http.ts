import { listDurableObjectIds, runDurableObjectAlarm, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { ORIGIN } from "./system-of-one.ts";

const BASE = `${ORIGIN}/ws`;

export const request = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
  SELF.fetch(`${BASE}${path}`, { ...init, method });

/** Ids of their own, so that no test finds another's session. */
export const newSessionId = (): string => crypto.randomUUID();

/** The object of a SockJS session over HTTP, to evict it or to fire its alarm. */
export const objectOf = (sessionId: string) => env.SOCK_SESSION.get(env.SOCK_SESSION.idFromName(sessionId));

/** So long passes for that session and for nobody else: it is told the time by its alarm. */
export async function pass(session: string | DurableObjectStub, ms: number): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
  try {
    await runDurableObjectAlarm(typeof session === "string" ? objectOf(session) : session);
  } finally {
    vi.useRealTimers();
  }
}

/** A response whose end is not there yet. */
export class Held {
  readonly response: Response;
  #text = "";
  #hasEnded = false;
  readonly #reader: ReadableStreamDefaultReader<string>;

  private constructor(response: Response) {
    this.response = response;
    if (!response.body) throw new Error(`no body: ${response.status}`);
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(method: string, path: string, init: RequestInit = {}): Promise<Held> {
    return new Held(await request(method, path, init));
  }

  /** The next so many characters: chunks are no frames, and nobody may rely on them. */
  async read(length: number): Promise<string> {
    while (this.#text.length < length && !this.#hasEnded) await this.#more();
    const read = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return read;
  }

  async expect(text: string): Promise<void> {
    const read = await this.read(text.length);
    if (read !== text) throw new Error(`expected ${JSON.stringify(text)}, read ${JSON.stringify(read)}`);
  }

  /** All there is until the server ends it. */
  async rest(): Promise<string> {
    while (!this.#hasEnded) await this.#more();
    const rest = this.#text;
    this.#text = "";
    return rest;
  }

  /** As when a page is closed or a line is cut. */
  abort(): Promise<void> {
    return this.#reader.cancel();
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#reader.read();
    if (done) this.#hasEnded = true;
    else this.#text += value;
  }
}

/** SockJS on a WebSocket, frame by frame. */
export class SockJsSocket {
  readonly closed: Promise<CloseEvent>;
  readonly ws: WebSocket;
  readonly object: DurableObjectStub;
  readonly #unread: string[] = [];
  readonly #waiting: ((frame: string) => void)[] = [];

  private constructor(ws: WebSocket, object: DurableObjectStub) {
    this.ws = ws;
    this.object = object;
    ws.accept();
    ws.addEventListener("message", ({ data }) => {
      const next = this.#waiting.shift();
      if (next) next(String(data));
      else this.#unread.push(String(data));
    });
    this.closed = new Promise((resolve) => ws.addEventListener("close", resolve));
  }

  static async open(url = `/000/${newSessionId()}`): Promise<SockJsSocket> {
    const known = new Set((await listDurableObjectIds(env.SOCK_SESSION)).map(String));
    const { webSocket } = await request("GET", `${url}/websocket`, { headers: { Upgrade: "websocket" } });
    const id = (await listDurableObjectIds(env.SOCK_SESSION)).find((one) => !known.has(String(one)));
    if (!webSocket || !id) throw new Error("no socket");
    return new SockJsSocket(webSocket, env.SOCK_SESSION.get(id));
  }

  next(): Promise<string> {
    const frame = this.#unread.shift();
    return frame === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(frame);
  }

  async take(count: number): Promise<string[]> {
    const frames: string[] = [];
    while (frames.length < count) frames.push(await this.next());
    return frames;
  }
}
