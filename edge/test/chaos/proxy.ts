import http from "node:http";
import type { Duplex } from "node:stream";
import { AGENT_SOCKET_PATH } from "@star-graph/shared/agent-protocol";
import { WebSocket, WebSocketServer } from "ws";
import type { Random } from "../../src/dispatch/testing/random.ts";
import { FrameMangler, type FrameRates } from "./frame-mangler.ts";

/** Chances between 0 and 1: of a request's way there and back, and of an agent's frames. */
export interface ProxyRates extends FrameRates {
  refused: number;
  answerLost: number;
  slow: number;
}

const SLOW_MS = 300;

export interface Proxy {
  baseUrl: string;
  setRates(rates: ProxyRates | null): void;
  /** Breaks the open sockets of agents, or of clients, as a line breaks: without a goodbye. */
  cut(whose: "agents" | "clients"): number;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** The edge's port; it may be down. */
  targetPort: number;
  random: Random;
  onFault: (fault: string) => void;
}

/** The network between the edge and everybody else, on loopback. */
export async function startProxy({ targetPort, random, onFault }: ProxyOptions): Promise<Proxy> {
  let rates: ProxyRates | null = null;
  const open = { agents: new Set<() => void>(), clients: new Set<() => void>() };
  const rolls = (name: keyof ProxyRates): boolean => rates !== null && random.chance(rates[name]);

  const server = http.createServer((request, response) => {
    const forward = () => {
      const { method = "GET", url = "/", headers } = request;
      const out = http.request({ host: "127.0.0.1", port: targetPort, method, path: url, headers, agent: false }, (answer) => {
        if (rolls("answerLost")) {
          onFault("network: answer lost");
          answer.destroy();
          return response.destroy();
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        answer.on("error", () => response.destroy());
      });
      out.on("error", () => response.destroy());
      response.on("close", () => out.destroy());
      request.pipe(out);
    };
    if (rolls("refused")) {
      onFault("network: request lost");
      return request.destroy();
    }
    if (!rolls("slow")) return forward();
    onFault("network: slow");
    setTimeout(forward, random.below(SLOW_MS));
  });

  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on("upgrade", (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    const isAgent = request.url?.startsWith(AGENT_SOCKET_PATH) ?? false;
    const { host: _host, connection: _connection, upgrade: _upgrade, ...rest } = request.headers;
    const headers = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("sec-websocket-")));
    const protocols = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];
    const inner = new WebSocket(`ws://127.0.0.1:${targetPort}${request.url}`, protocols, { headers, perMessageDeflate: false });
    socket.on("error", () => inner.terminate());
    inner.on("error", () => socket.destroy());
    inner.on("unexpected-response", (_, answer) => {
      socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`);
      inner.terminate();
    });
    inner.on("open", () =>
      sockets.handleUpgrade(request, socket, head, (outer) => {
        const mangler = () => new FrameMangler({ random, rates: () => (isAgent ? rates : null), onFault });
        relay(outer, inner, mangler());
        relay(inner, outer, mangler());
        const cut = () => [outer, inner].forEach((end) => end.terminate());
        const set = isAgent ? open.agents : open.clients;
        set.add(cut);
        outer.on("close", () => set.delete(cut));
      }),
    );
  });

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the proxy has no address");
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    setRates: (next) => (rates = next),
    cut(whose) {
      const cuts = [...open[whose]];
      for (const cut of cuts) cut();
      return cuts.length;
    },
    async close() {
      for (const cut of [...open.agents, ...open.clients]) cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes one direction on, its end included. */
function relay(from: WebSocket, to: WebSocket, mangler: FrameMangler): void {
  from.on("message", (data: Buffer, isBinary) =>
    mangler.pass(() => to.readyState === WebSocket.OPEN && to.send(data, { binary: isBinary })),
  );
  from.on("error", () => to.terminate());
  from.on("close", (code, reason) => {
    // 1005 and 1006 mean that no code came: they are not sent.
    if (code === 1006) to.terminate();
    else mangler.pass(() => to.close(code === 1005 ? undefined : code, reason));
  });
}
