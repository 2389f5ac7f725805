import { SELF } from "cloudflare:test";
import { ORIGIN } from "./system-of-one.ts";

const BASE = `${ORIGIN}/ws`;

export const request = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
  SELF.fetch(`${BASE}${path}`, { ...init, method });

/** Ids of their own, so that no test finds another's session. */
export const newSessionId = (): string => crypto.randomUUID();

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
