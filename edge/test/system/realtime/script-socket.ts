import type { PageSocket } from "./stompjs-2.ts";

export type ScriptTransport = "jsonp" | "htmlfile";

/**
 * SockJS by the transports whose frames are scripts, for Node: what a page would let its browser run is read instead.
 * It asks for the next script when the one before has ended, as the real client does.
 */
export class ScriptSocket implements PageSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly #session: string;
  readonly #transport: ScriptTransport;
  readonly #abort = new AbortController();
  #sending: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(url: string, transport: ScriptTransport) {
    this.#session = `${url}/000/${crypto.randomUUID()}`;
    this.#transport = transport;
    void this.#receive();
  }

  /** One after the other, in order. */
  send(data: string): void {
    const body = JSON.stringify([data]);
    this.#sending = this.#sending.then(() =>
      this.#transport === "jsonp"
        ? fetch(`${this.#session}/jsonp_send`, { method: "POST", body: new URLSearchParams({ d: body }) })
        : fetch(`${this.#session}/xhr_send`, { method: "POST", body }),
    );
  }

  close(): void {
    this.#end(1000, "");
    this.#abort.abort();
  }

  async #receive(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#readScripts();
      } catch (error) {
        this.#end(1006, String(error));
      }
    }
  }

  async #readScripts(): Promise<void> {
    const answer = await fetch(`${this.#session}/${this.#transport}?c=take`, { signal: this.#abort.signal });
    if (!answer.body || answer.status !== 200) throw new Error(`refused: ${answer.status}`);
    const call = this.#transport === "jsonp" ? /\/\*\*\/take\((".*")\);\r\n/g : /<script>\np\((".*")\);\n<\/script>\r\n/g;
    let unread = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      unread += chunk;
      for (const [script, frame = ""] of unread.matchAll(call)) {
        unread = unread.slice(unread.indexOf(script) + script.length);
        this.#take(JSON.parse(frame) as string);
      }
    }
  }

  #take(frame: string): void {
    const payload = frame.slice(1);
    if (frame === "o") this.onopen?.();
    if (frame.startsWith("a")) for (const data of JSON.parse(payload) as string[]) this.onmessage?.({ data });
    if (frame.startsWith("c")) this.#end(...(JSON.parse(payload) as [number, string]));
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onclose?.({ code, reason });
  }
}
