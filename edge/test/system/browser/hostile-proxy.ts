import http from "node:http";
import type { AddressInfo } from "node:net";

/** What stands between some browsers and every server. */
export interface Proxy {
  baseUrl: string;
  close(): void;
}

/**
 * A proxy that knows nothing of WebSockets.
 * @param holdsBack whether it also hands an answer on only when it is whole, so that no stream comes through
 */
export async function startProxy(target: string, { holdsBack }: { holdsBack: boolean }): Promise<Proxy> {
  const server = http.createServer((request, response) => {
    const forwarded = http.request(target + request.url!, { method: request.method, headers: request.headers }, (answer) => {
      const parts: Buffer[] = [];
      if (!holdsBack) response.writeHead(answer.statusCode!, answer.headers);
      answer.on("data", (part: Buffer) => (holdsBack ? parts.push(part) : response.write(part)));
      answer.on("end", () => {
        if (holdsBack) response.writeHead(answer.statusCode!, answer.headers);
        response.end(Buffer.concat(parts));
      });
      answer.on("error", () => response.destroy());
    });
    forwarded.on("error", () => response.destroy());
    response.on("close", () => forwarded.destroy());
    request.pipe(forwarded);
  });
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
