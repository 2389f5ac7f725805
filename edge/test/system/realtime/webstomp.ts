import webstomp, { type Client } from "webstomp-client";
import { type ClientKind, Inbox } from "./client.ts";
import { sockJs } from "./stompjs-2.ts";

interface Settings {
  binary?: boolean;
  heartbeat: { incoming: number; outgoing: number };
}

/** webstomp-client, which knows STOMP 1.2, may send bytes, and does not come back by itself. */
function webstompOn(name: string, open: (url: string, settings: Settings) => Client): ClientKind {
  return {
    name,
    async connect(baseUrl, token, beatMs) {
      const inbox = new Inbox();
      const connectOnce = async () => {
        const client = open(`${baseUrl}/ws`, { heartbeat: { incoming: beatMs, outgoing: beatMs } });
        client.debug = inbox.watch;
        await new Promise<void>((resolve, reject) => {
          client.connect(
            { Authorization: `Bearer ${token}` },
            () => resolve(),
            (error) => reject(new Error(JSON.stringify(error))),
          );
        });
        inbox.subscribeAll((destination, take, headers) => client.subscribe(destination, take, headers));
        return client;
      };
      let client = await connectOnce();
      return {
        received: inbox.received,
        get beats() {
          return inbox.beats;
        },
        send: (destination, headers, body) => client.send(destination, JSON.stringify(body), headers),
        cut: () => (client.ws as { close(): void }).close(),
        async comeBack() {
          client = await connectOnce();
        },
        disconnect: () => new Promise((resolve) => client.disconnect(resolve)),
      };
    },
  };
}

export const webstompOnWebSocket = (sends: "text" | "bytes"): ClientKind =>
  webstompOn(`webstomp-client 1.2.6 on a WebSocket, sending ${sends}`, (url, settings) =>
    webstomp.client(url.replace("http", "ws"), { ...settings, binary: sends === "bytes" }),
  );

export const webstompOnSockJs = (transport: string): ClientKind =>
  webstompOn(`webstomp-client 1.2.6 over sockjs-client 1.6.1, ${transport}`, (url, settings) =>
    webstomp.over(sockJs(url, transport), settings),
  );
