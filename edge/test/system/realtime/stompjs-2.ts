import SockJS from "sockjs-client";
import Stomp from "stompjs";
import { type ClientKind, type ConnectedClient, DESTINATIONS, type Received } from "./client.ts";
import { ScriptSocket, type ScriptTransport } from "./script-socket.ts";

/** What `Stomp.over` needs of a socket. */
export interface PageSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(data: string): void;
  close(): void;
}

/** The document's own pair (spec 8.1): stompjs 2.3.3 over SockJS. */
function stompjsOver(name: string, open: (url: string) => PageSocket): ClientKind {
  return {
    name,
    async connect(baseUrl: string, token: string): Promise<ConnectedClient> {
      const socket = open(`${baseUrl}/ws`);
      const client = Stomp.over(socket as unknown as WebSocket);
      client.debug = () => undefined;
      const received: Received[] = [];
      await new Promise<void>((resolve, reject) => {
        client.connect(
          { Authorization: `Bearer ${token}` },
          () => resolve(),
          (error) => reject(new Error(JSON.stringify(error))),
        );
      });
      for (const destination of Object.values(DESTINATIONS)) {
        client.subscribe(destination, ({ body }) => void received.push({ destination, body: JSON.parse(body) as Record<string, unknown> }));
      }
      return {
        received,
        send: (destination, headers, body) => client.send(destination, headers, JSON.stringify(body)),
        disconnect: () => new Promise((resolve) => client.disconnect(() => resolve())),
        cut: () => socket.close(),
      };
    },
  };
}

/** The unmodified client, made to use that transport and no other. */
export const onSockJs = (transport: string): ClientKind =>
  stompjsOver(
    `stompjs 2.3.3 over sockjs-client 1.6.1, ${transport}`,
    (url) => new SockJS(url, null, { transports: transport }) as unknown as PageSocket,
  );

/** Transports that only browsers have: its frames are read as a page's script would be. */
export const onScripts = (transport: ScriptTransport): ClientKind =>
  stompjsOver(`stompjs 2.3.3 over ${transport}`, (url) => new ScriptSocket(url, transport));
