import { createServer } from "node:http";
import { describeStatus } from "../commands/describe-status.ts";
import type { ControlStatus } from "../control/messages.ts";
import { messageOf } from "../outside.ts";
import { Refusal } from "../refusal.ts";
import { writeMetrics } from "./metrics.ts";
import { PAGE_POLICY, writePage } from "./page.ts";

/** Loopback only: what it says is for the people of this machine. */
const HOST = "127.0.0.1";
/** A page of the internet can have its own name resolved to this machine; it cannot change what it asks for. */
const OWN_HOST = /^(127\.0\.0\.1|localhost)(:\d+)?$/;

export interface StatusPage {
  port: number;
  close(): Promise<void>;
}

/**
 * `/` for people (a page in a browser, else text), `/status` as JSON, `/metrics` for Prometheus; nothing can be changed there.
 * @param port 0 takes a free one.
 * @throws {Refusal} the port cannot be had.
 */
export async function openStatusPage(port: number, statusNow: () => ControlStatus): Promise<StatusPage> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string) => {
      const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff", "content-security-policy": PAGE_POLICY };
      response.writeHead(status, { ...headers, "content-type": `${type}; charset=utf-8` }).end(text);
    };
    if (!OWN_HOST.test(request.headers.host ?? "")) return answer(403, "text/plain", "This page is for this machine alone.\n");
    switch (request.url ?? "") {
      case "/":
        if (request.headers.accept?.includes("text/html")) return answer(200, "text/html", writePage(statusNow()));
        return answer(200, "text/plain", describeStatus(statusNow()));
      case "/status":
        return answer(200, "application/json", JSON.stringify(statusNow()));
      case "/metrics":
        void writeMetrics(statusNow()).then((text) => answer(200, "text/plain; version=0.0.4", text));
        return;
      default:
        return answer(404, "text/plain", "There is /, /status and /metrics.\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Refusal(`The status page cannot have port ${port}: ${messageOf(error)}`, { cause: error })));
    server.listen(port, HOST, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
