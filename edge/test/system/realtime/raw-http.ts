import net from "node:net";

/** An HTTP connection in the test's hand, byte for byte. */
export class RawHttp {
  #unread = "";
  #isClosed = false;
  #wake: (() => void) | null = null;
  readonly #socket: net.Socket;

  constructor(baseUrl: string) {
    const { hostname, port } = new URL(baseUrl);
    this.#socket = net.connect(Number(port), hostname);
    this.#socket.setEncoding("latin1").on("data", (data: string) => {
      this.#unread += data;
      this.#wake?.();
    });
    this.#socket.once("close", () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  send(head: string, headers: Record<string, string> = {}): void {
    this.#socket.write(
      `${[head, "Host: localhost", ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n`,
    );
  }

  /** Everything up to and with that text. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#unread.indexOf(text);
      if (at >= 0) {
        const read = this.#unread.slice(0, at + text.length);
        this.#unread = this.#unread.slice(at + text.length);
        return read;
      }
      if (this.#isClosed) throw new Error(`closed before ${JSON.stringify(text)}: ${JSON.stringify(this.#unread)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The head of an answer; names in lower case. */
  async head(): Promise<{ status: number; headers: Record<string, string> }> {
    const [first = "", ...lines] = (await this.until("\r\n\r\n")).trim().split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    return { status: Number(first.split(" ")[1]), headers };
  }

  close(): void {
    this.#socket.destroy();
  }
}
