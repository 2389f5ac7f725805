import SockJS from "sockjs-client";
import Stomp from "stompjs";
import { type ClientKind, Inbox } from "./client.ts";
import { ScriptSocket, type ScriptTransport } from "./script-socket.ts";

/** What `Stomp.over` needs of a socket. */
export interface PageSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(data: string): void;
  close(): void;
}

/** The document's own pair (spec 8.1): stompjs 2.3.3 over SockJS. It does not come back by itself. */
function stompjsOver(name: string, open: (url: string) => PageSocket): ClientKind {
  return {
    name,
    async connect(baseUrl, token, beatMs) {
      const inbox = new Inbox();
      const connectOnce = async () => {
        const socket = open(`${baseUrl}/ws`);
        const client = Stomp.over(socket as unknown as WebSocket);
        client.heartbeat = { incoming: beatMs, outgoing: beatMs };
        client.debug = inbox.watch;
        await new Promise<void>((resolve, reject) => {
          client.connect(
            { Authorization: `Bearer ${token}` },
            () => resolve(),
            (error) => reject(new Error(JSON.stringify(error))),
          );
        });
        inbox.subscribeAll((destination, take, headers) =>
          client.subscribe(destination, take as (message: Stomp.Message) => void, headers),
        );
        return { client, socket };
      };
      let now = await connectOnce();
      return {
        received: inbox.received,
        get beats() {
          return inbox.beats;
        },
        send: (destination, headers, body) => now.client.send(destination, headers, JSON.stringify(body)),
        cut: () => now.socket.close(),
        async comeBack() {
          now = await connectOnce();
        },
        disconnect: () => new Promise((resolve) => now.client.disconnect(() => resolve())),
      };
    },
  };
}

/** The unmodified client, made to use that transport and no other. */
export const sockJs = (url: string, transport: string): PageSocket =>
  new SockJS(url, null, { transports: transport }) as unknown as PageSocket;

export const onSockJs = (transport: string): ClientKind =>
  stompjsOver(`stompjs 2.3.3 over sockjs-client 1.6.1, ${transport}`, (url) => sockJs(url, transport));

/** Transports that only browsers have: its frames are read as a page's script would be. */
export const onScripts = (transport: ScriptTransport): ClientKind =>
  stompjsOver(`stompjs 2.3.3 over ${transport}`, (url) => new ScriptSocket(url, transport));
