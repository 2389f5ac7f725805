import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

const require = createRequire(import.meta.url);
/** The document's two libraries as a page loads them, byte for byte as published. */
const LIBRARIES: Record<string, string> = {
  "/sockjs.min.js": require.resolve("sockjs-client/dist/sockjs.min.js"),
  "/stomp.min.js": require.resolve("stompjs/lib/stomp.min.js"),
};

/** The page's own server: another origin than the API's. */
export class PageHost {
  readonly #pages = new Map<string, string>();
  readonly #server: http.Server;

  private constructor() {
    this.#server = http.createServer(({ url = "" }, response) => {
      const library = LIBRARIES[url];
      const body = library === undefined ? this.#pages.get(url) : fs.readFileSync(library, "utf8");
      response.writeHead(body === undefined ? 404 : 200, {
        "Content-Type": `${library === undefined ? "text/html" : "text/javascript"}; charset=utf-8`,
      });
      response.end(body);
    });
  }

  static async start(): Promise<PageHost> {
    const host = new PageHost();
    await new Promise<void>((resolve) => host.#server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A page with both libraries that runs that code. */
  page(code: string): string {
    return `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<script src="${this.origin}/sockjs.min.js"></script>
<script src="${this.origin}/stomp.min.js"></script>
<body><script type="module">
${code}
</script></body>`;
  }

  /** @returns where it can be opened. */
  add(html: string): string {
    const path = `/${crypto.randomUUID()}.html`;
    this.#pages.set(path, html);
    return this.origin + path;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
