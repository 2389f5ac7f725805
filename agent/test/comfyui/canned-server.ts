import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Canned {
  status: number;
  /** JSON, unless it is a text. */
  body?: unknown;
}

/** A server that answers each request as the test says, and keeps what was asked. */
export async function startCanned(
  answer: (request: { method: string; path: string; body: string; headers: IncomingHttpHeaders }) => Canned,
) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [method = "", path = ""] = [request.method, request.url];
      const body = Buffer.concat(chunks).toString("utf8");
      requests.push(`${method} ${path}`);
      const { status, body: said } = answer({ method, path, body, headers: request.headers });
      response.writeHead(status, { "content-type": typeof said === "string" ? "text/plain" : "application/json" });
      response.end(said === undefined ? undefined : typeof said === "string" ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
