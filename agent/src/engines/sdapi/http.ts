import { Agent, request } from "undici";
import { messageOf, parseJson } from "../../outside.ts";
import { type ServerAddress, serverAddress, urlBelow } from "../server-address.ts";

/** The server did not answer, or answered something that is none. */
export class ServerSilent extends Error {
  override readonly name = "ServerSilent";
}

export interface Answer {
  status: number;
  /** Undefined when it was no JSON. */
  body: unknown;
}

const ANSWER_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** JSON over HTTP with one server. */
export class ServerHttp {
  readonly #address: ServerAddress;
  /** A task is one request that is answered when its pictures are done: no clock of the client's may end it. */
  readonly #http = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

  constructor(url: string) {
    this.#address = serverAddress(url);
  }

  /** Without the password. */
  get address(): string {
    return this.#address.shown;
  }

  /** @throws {ServerSilent} */
  get(path: string): Promise<Answer> {
    return this.#send("GET", path, undefined, AbortSignal.timeout(ANSWER_MS));
  }

  /** @throws {ServerSilent} */
  post(path: string, body: unknown = {}): Promise<Answer> {
    return this.#send("POST", path, body, AbortSignal.timeout(ANSWER_MS));
  }

  /** Answered when the work is done, however long that takes. @throws {ServerSilent} */
  postWork(path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    return this.#send("POST", path, body, signal);
  }

  async close(): Promise<void> {
    await this.#http.destroy();
  }

  async #send(method: "GET" | "POST", path: string, json: unknown, signal: AbortSignal): Promise<Answer> {
    try {
      const answer = await request(urlBelow(this.#address, path), {
        method,
        headers: { ...this.#address.headers, ...(json !== undefined && { "content-type": "application/json" }) },
        body: json === undefined ? null : JSON.stringify(json),
        dispatcher: this.#http,
        signal,
      });
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of answer.body) {
        const piece = Buffer.from(chunk as Uint8Array);
        length += piece.length;
        if (length > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
        chunks.push(piece);
      }
      return { status: answer.statusCode, body: parseJson(Buffer.concat(chunks).toString("utf8")) };
    } catch (error) {
      throw new ServerSilent(`${method} /${path.split("?")[0]}: ${messageOf(error)}`, { cause: error });
    }
  }
}
